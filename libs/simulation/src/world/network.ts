import { type Faults } from './faults.js';
import { type Random } from './random.js';
import { type Timeline } from './timeline.js';

/** Which way a message goes. */
export type Direction = 'up' | 'down';

/** Carries messages between devices and the coordinator, as badly as the world is. Knows no connections: whoever receives judges what is stale. */
export class Network {
  faults: Faults;
  private readonly cuts = new Set<string>();
  /** per line, when the last message in order arrives */
  private readonly lastArrivals = new Map<string, number>();
  /** devices that lost a message: their connections break sooner or later */
  readonly harmed = new Set<string>();
  carried = 0;
  lost = 0;

  constructor(private readonly timeline: Timeline, private readonly random: Random, faults: Faults) {
    this.faults = faults;
  }

  /** Cuts one direction of a device's line until `heal`. */
  cut(device: string, direction: Direction): void {
    this.cuts.add(`${direction} ${device}`);
  }

  heal(device: string): void {
    this.cuts.delete(`up ${device}`);
    this.cuts.delete(`down ${device}`);
  }

  healAll(): void {
    this.cuts.clear();
  }

  /**
   * Delivers once, twice or never, after a while. Messages of one direction keep their order, as on a connection, unless the world reorders.
   * A cut that begins on the way catches the message too.
   */
  carry(device: string, direction: Direction, deliver: () => void): void {
    this.carried += 1;
    const { loss, duplication, delayMs, reorder } = this.faults;
    if (this.random.chance(loss)) return this.lose(device);
    const line = `${direction} ${device}`;
    const usualMs = delayMs * (0.5 + this.random.uniform());
    const inOrderMs = Math.max(usualMs, (this.lastArrivals.get(line) ?? 0) - this.timeline.nowMs);
    const overtaken = this.random.chance(reorder);
    if (!overtaken) this.lastArrivals.set(line, this.timeline.nowMs + inOrderMs);
    this.timeline.after(overtaken ? usualMs * 10 : inOrderMs, () => this.arrive(device, direction, deliver));
    if (this.random.chance(duplication)) this.timeline.after(usualMs * 3, () => this.arrive(device, direction, deliver));
  }

  private arrive(device: string, direction: Direction, deliver: () => void): void {
    if (this.cuts.has(`${direction} ${device}`)) this.lose(device);
    else deliver();
  }

  private lose(device: string): void {
    this.lost += 1;
    this.harmed.add(device);
  }
}
