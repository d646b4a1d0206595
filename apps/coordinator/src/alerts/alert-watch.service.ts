import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Logger } from '../app/logger.js';
import { Clock, Luck } from '../app/surroundings.js';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { LiveChanges } from '../live/live-changes.js';
import { AlertRepository, type DueDelivery } from './alert.repository.js';
import { AlertSender, type AlertMessage } from './alert-sender.js';
import { FleetFactReader } from './fleet-facts.js';
import { changesOf, firingOf, retryAfterMs } from './firing-alerts.js';

const lookEveryMs = 15_000;
/** Messages of one look: a channel that is slow holds up no more than these. */
const deliveriesPerLook = 50;

/** Looks at the fleet every few seconds: alerts begin and end, messages go out until they arrive or a day of tries is over. */
@Injectable()
export class AlertWatchService implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly repository: AlertRepository, private readonly facts: FleetFactReader, private readonly sender: AlertSender,
    private readonly clock: Clock, private readonly luck: Luck, private readonly logger: Logger, private readonly live: LiveChanges, private readonly keeper: LeaseKeeper,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void (this.keeper.holds('duty:alerts') ? this.look() : Promise.resolve()).catch((error: unknown) => this.logger.failure('alerts.failed', error)), lookEveryMs);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking.catch(() => {});
  }

  /** One look after the other. */
  look(): Promise<void> {
    this.looking = this.looking.catch(() => {}).then(async () => {
      await this.watch();
      await this.deliver();
    });
    return this.looking;
  }

  private async watch(): Promise<void> {
    const rules = await this.repository.rules();
    if (rules.length === 0) return;
    const facts = await this.facts.read(rules.map(({ condition }) => condition));
    const newId = (prefix: 'alr' | 'dlv') => this.luck.id(prefix);
    for (const rule of rules) {
      const { begun, over } = changesOf(firingOf(rule.condition, facts), await this.repository.openOf(rule.id));
      const silent = rule.silencedUntil !== null && rule.silencedUntil > facts.now;
      const channels = silent ? [] : rule.channels;
      if (begun.length > 0) await this.repository.begin({ rule, firings: begun, channels, at: facts.now, newId });
      if (over.length > 0) await this.repository.resolve({ alerts: over, channels, at: facts.now, newId });
      if (begun.length + over.length > 0) this.live.tell('alert', null);
      for (const { subject } of begun) this.logger.warning('alert.fired', { rule: rule.id, type: rule.condition.type, subject });
      for (const { subject } of over) this.logger.info('alert.resolved', { rule: rule.id, type: rule.condition.type, subject });
    }
  }

  private async deliver(): Promise<void> {
    const due = await this.repository.due(this.clock.now(), deliveriesPerLook);
    await Promise.all(due.map((delivery) => this.tryOnce(delivery)));
  }

  private async tryOnce(delivery: DueDelivery): Promise<void> {
    const problem = await this.sender.send(delivery.channel, messageOf(delivery));
    const attempts = delivery.attempts + 1;
    const now = this.clock.now();
    const waitMs = problem === null ? null : retryAfterMs(attempts);
    await this.repository.saveAttempt(delivery.id, { attempts, deliveredAt: problem === null ? now : null, nextAttemptAt: waitMs === null ? null : new Date(now.getTime() + waitMs), lastProblem: problem });
    if (problem !== null) this.logger.warning('alert.not-delivered', { channel: delivery.channel.id, attempts, givenUp: waitMs === null });
  }
}

function messageOf({ id, event, alert }: DueDelivery): AlertMessage {
  const at = event === 'fired' ? alert.firedAt : alert.resolvedAt ?? alert.firedAt;
  return { id, event: `alert.${event}`, rule: alert.ruleName, subject: alert.subject, summary: event === 'fired' ? alert.summary : `Over: ${alert.summary}`, at: at.toISOString() };
}
