import { FleetError } from '@seedfleet/errors';

/** What one of those that leave weighs in the mean of the last ones. */
const weight = 1 / 64;
/** Between two that leave, before anything was measured: 2,000 a second. */
const firstGapMs = 0.5;
const retryMsMin = 100;

/** How many reports wait in memory until they are durable; the others are told when there is room, spread by luck. Decides; clock and luck are given. */
export class IntakeGate {
  private inside = 0;
  private gapMs = firstGapMs;
  private leftAtMs: number | null = null;

  constructor(private readonly limits: { waitingMax: number; retryMsMax: number }) {}

  get waiting(): number {
    return this.inside;
  }

  /** One report more waits, until `leave`. @throws FleetError `intake.full`: it is not taken, and comes again after `retryAfterMs` */
  enter({ nowMs, luck }: { nowMs: number; luck: number }): void {
    const { waitingMax, retryMsMax } = this.limits;
    if (this.inside < waitingMax) {
      // Who comes where nobody waited says nothing of the time that the next one takes.
      if (this.inside++ === 0) this.leftAtMs = nowMs;
      return;
    }
    // When those that wait now are through: then from one to two times as long, so that not all come at once.
    const throughMs = this.gapMs * this.inside;
    const retryAfterMs = Math.min(retryMsMax, Math.max(retryMsMin, Math.ceil(throughMs * (1 + luck / 2 ** 32))));
    throw new FleetError('intake.full', { field: 'differences', problem: `${this.inside} reports wait to be saved.`, retryAfterMs });
  }

  /** One is durable and answered, or refused. */
  leave(nowMs: number): void {
    this.inside--;
    const gapMs = Math.max(0, nowMs - (this.leftAtMs ?? nowMs));
    this.gapMs += (gapMs - this.gapMs) * weight;
    this.leftAtMs = nowMs;
  }
}
