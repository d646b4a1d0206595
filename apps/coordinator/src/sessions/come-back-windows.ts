/** What a coordinator bears, and how it spreads the rest. Milliseconds of one clock. */
export interface HandshakeLimits {
  /** handshakes at a time: as many as one batch of statements serves well */
  underWayMax: number;
  /** handshakes a second, at first and within bounds: fewer where those under way pile up, more where they do not */
  perSecond: { first: number; min: number; max: number };
  /** who comes this much before a free place is let in: a few devices never wait */
  burstMs: number;
  /** no device is sent away for longer */
  waitMaxMs: number;
  /** devices whose place is remembered */
  bookedMax: number;
  /** a handshake that has not ended by then is given up */
  handshakeMaxMs: number;
}

/** Between two changes of the rate. */
const adjustEveryMs = 500;
const slower = 0.8;
const faster = 1.15;
/** Timers of devices may fire this early. */
const earlyMs = 50;
/** A place that nobody came for is forgotten after this. */
const missedAfterMs = 60_000;

/**
 * Which handshakes are served now, and when the others come back: each of those gets a place of its own, one behind the other at the rate that is borne,
 * and is let in when it comes at that time. Decides and remembers; clock and luck are given.
 */
export class ComeBackWindows {
  private perSecond: number;
  private nextPlaceMs = 0;
  private adjustedAtMs = 0;
  /** when the place of a device is; in the order in which places were given */
  private readonly places = new Map<string, number>();
  /** since when a connection is being served */
  private readonly underWay = new Map<string, number>();

  constructor(private readonly limits: HandshakeLimits) {
    this.perSecond = limits.perSecond.first;
  }

  /** Handshakes a second that are let in at present. */
  get rate(): number {
    return this.perSecond;
  }

  /**
   * A device that proved who it is asks to be let in.
   * @param connection is counted as under way if the answer is null, until `ended`
   * @param luck uniform uint32
   * @returns null: now; else in how many milliseconds it comes back, from 1 to `waitMaxMs`
   */
  arrive({ device, connection, nowMs, luck }: { device: string; connection: string; nowMs: number; luck: number }): number | null {
    const { waitMaxMs, underWayMax, burstMs, bookedMax } = this.limits;
    this.forget(nowMs);
    const isFull = this.underWay.size >= underWayMax;
    const place = this.places.get(device);
    if (place !== undefined && place > nowMs + earlyMs) return Math.ceil(place - nowMs);
    // Who comes at its time has its place already; where it cannot be served, too many places were given.
    if (isFull && place !== undefined) this.adjust(slower, nowMs);
    const isServed = !isFull && (place !== undefined || this.nextPlaceMs <= nowMs + burstMs);
    const at = Math.max(nowMs, this.nextPlaceMs);
    this.places.delete(device);
    if (isServed) {
      if (place === undefined) this.nextPlaceMs = at + 1_000 / this.perSecond;
      this.underWay.set(connection, nowMs);
      return null;
    }
    // Behind the last place that we give: whenever it likes, in the second half of the longest wait.
    if (at - nowMs > waitMaxMs / 2 || this.places.size >= bookedMax) return Math.ceil(waitMaxMs * (0.5 + (luck / 2 ** 32) / 2));
    this.nextPlaceMs = at + 1_000 / this.perSecond;
    const waitMs = Math.max(1, Math.ceil(at - nowMs));
    this.places.set(device, nowMs + waitMs);
    return waitMs;
  }

  /** The handshake of a connection is over, one way or the other. */
  ended(connection: string, nowMs: number): void {
    if (this.underWay.delete(connection) && this.underWay.size < this.limits.underWayMax / 4) this.adjust(faster, nowMs);
  }

  private adjust(factor: number, nowMs: number): void {
    if (nowMs - this.adjustedAtMs < adjustEveryMs) return;
    const { min, max } = this.limits.perSecond;
    this.adjustedAtMs = nowMs;
    this.perSecond = Math.min(max, Math.max(min, this.perSecond * factor));
  }

  private forget(nowMs: number): void {
    // A clock that was set back would leave everybody waiting for the time before.
    if (this.nextPlaceMs - nowMs > this.limits.waitMaxMs || this.adjustedAtMs > nowMs) {
      this.nextPlaceMs = nowMs;
      this.adjustedAtMs = nowMs;
      this.places.clear();
    }
    for (const [device, at] of this.places) {
      if (at > nowMs - missedAfterMs) break;
      this.places.delete(device);
    }
    for (const [connection, sinceMs] of this.underWay) {
      if (sinceMs > nowMs - this.limits.handshakeMaxMs && sinceMs <= nowMs) break;
      this.underWay.delete(connection);
    }
  }
}
