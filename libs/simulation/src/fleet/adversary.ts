import { type Random } from '../world/random.js';
import { type Connection, type ReportMessage } from './messages.js';
import { type SimulatedCoordinator } from './simulated-coordinator.js';
import { type SimulatedDevice } from './simulated-device.js';

/** Remembers messages that went by and says things that nobody honest would: with a device's credential to the coordinator, and to devices. */
export class Adversary {
  private readonly overheard: { from: Connection; report: ReportMessage }[] = [];
  said = 0;

  constructor(private readonly random: Random, private readonly coordinator: SimulatedCoordinator, private readonly devices: () => readonly SimulatedDevice[]) {}

  overhear(from: Connection, report: ReportMessage): void {
    this.overheard.push({ from, report });
  }

  /** One hostile message, out of nowhere. */
  speak(): void {
    this.said += 1;
    const device = this.random.pick(this.devices());
    const connection = device.process?.connection;
    if (connection === null || connection === undefined) return;
    if (this.random.chance(0.3)) this.lieTo(device, connection);
    else this.lieToCoordinator({ device, number: connection }, device);
  }

  private lieToCoordinator(from: Connection, { process, parts: { manifest } }: SimulatedDevice): void {
    const { random, coordinator } = this;
    if (process === null) return;
    const q = manifest.manifest.estimator.queries;
    const newest = coordinator.database.newest();
    const honest: ReportMessage = {
      round: coordinator.database.commits.length, attempt: newest?.attempt ?? 0, examples: 1, stateHash: process.replica.stateHash,
      differences: Float32Array.from({ length: q }, () => random.uniform() - 0.5),
    };
    const report = random.pick<() => ReportMessage>([
      () => ({ ...honest, differences: new Float32Array(random.pick([0, q - 1, q + 1, 1_000])) }),
      () => ({ ...honest, differences: Float32Array.from(honest.differences, (value, j) => (j === 0 ? random.pick([NaN, Infinity, -Infinity]) : value)) }),
      () => ({ ...honest, attempt: honest.attempt + random.pick([-1, 1, 4_294_967_295]) }),
      () => ({ ...honest, round: honest.round + random.pick([-1, 1, 4_294_967_295]) }),
      () => ({ ...honest, examples: random.pick([0, -1, 0.5, NaN]) }),
      () => ({ ...honest, stateHash: '00'.repeat(32) }),
      () => (this.overheard.length === 0 ? honest : random.pick(this.overheard).report),
    ])();
    const replayed = this.overheard.length > 0 && random.chance(0.3) ? random.pick(this.overheard) : { from, report };
    coordinator.report(replayed.from, replayed.report, () => undefined);
    if (random.chance(0.3)) coordinator.tail(from, random.pick([0, honest.round, 4_294_967_295]), () => undefined);
    if (random.chance(0.2)) coordinator.evaluation(from, { round: honest.round, lossSum: random.pick([NaN, 1]), correct: random.pick([-1, 9]), count: random.pick([0, 1]) }, () => undefined);
  }

  private lieTo(device: SimulatedDevice, connection: number): void {
    const { random } = this;
    const { replica } = device.process ?? {};
    if (replica === undefined) return;
    const { estimator, policy } = device.parts.manifest.manifest;
    if (random.chance(0.7)) {
      const seeds = BigUint64Array.from({ length: estimator.queries }, () => BigInt(random.uint32()));
      const message = { round: replica.round, attempt: random.between(0, policy.attemptsMax), group: 0, seeds, deadlineMs: policy.deadlineMs };
      return device.start(connection, message, () => undefined);
    }
    const { lastCommit } = replica.fleet;
    device.commit(connection, random.chance(0.5) || lastCommit.length === 0 ? random.bytes(40) : forged(lastCommit, random));
  }
}

/** A commit of the next round that is signed by nobody. */
function forged(lastCommit: Uint8Array, random: Random): Uint8Array {
  const bytes = lastCommit.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(1, view.getUint32(1, true) + 1, true);
  bytes[bytes.length - 1] = random.uint32() & 0xff;
  return bytes;
}
