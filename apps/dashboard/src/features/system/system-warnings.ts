import { type System } from '@seedfleet/protocol';
import { bytesText } from '../../shell/format';

/** From where on a figure wants somebody. */
const limits = { freeShare: 0.1, waiting: 50, answerMs: 250, eventLoopMs: 250 };

/** What will be trouble if nobody looks, in words with what to do. */
export function warningsOf({ disk, database, eventLoop, replicas }: Pick<System, 'disk' | 'database' | 'eventLoop' | 'replicas'>): string[] {
  const versions = new Set(replicas.map(({ version }) => version));
  return [
    ...(disk.freeBytes < limits.freeShare * disk.totalBytes ? [`The disk of ${disk.home} has ${bytesText(disk.freeBytes)} left. Delete models that no run needs, or shorten retention.`] : []),
    ...(database.connections.waiting > limits.waiting ? [`${database.connections.waiting} statements wait for a connection to the database. It is slower than the fleet: look at its disk.`] : []),
    ...(database.answerMs > limits.answerMs ? [`The database took ${Math.round(database.answerMs)} ms for one statement.`] : []),
    ...(eventLoop.p99Ms > limits.eventLoopMs ? [`Callbacks waited up to ${Math.round(eventLoop.p99Ms)} ms: this process has more work than one core does.`] : []),
    ...(versions.size > 1 ? [`Coordinators of versions ${[...versions].join(' and ')} run beside each other. Finish the upgrade.`] : []),
  ];
}
