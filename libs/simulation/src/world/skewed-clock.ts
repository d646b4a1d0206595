import { type Cancel, type Timeline } from './timeline.js';

/** What one machine believes about time: off by some, fast or slow, moved by its owner. Its timers run at its own rate and survive a move. */
export class SkewedClock {
  /** @param rate milliseconds that this clock counts in one true millisecond */
  constructor(private readonly timeline: Timeline, private offsetMs: number, private readonly rate: number) {}

  nowMs(): number {
    return Math.floor(this.timeline.nowMs * this.rate + this.offsetMs);
  }

  move(byMs: number): void {
    this.offsetMs += byMs;
  }

  /** At a time of this clock; like the apps' timers it becomes a delay here and now. */
  at(atMs: number, action: () => void): Cancel {
    return this.after(atMs - this.nowMs(), action);
  }

  /** After so many milliseconds as this clock counts them. */
  after(delayMs: number, action: () => void): Cancel {
    return this.timeline.after(delayMs / this.rate, action);
  }
}
