import { type WorkerStatus } from '../fleet/worker.js';

interface Reading { round: number; down: number; up: number }

/**
 * What the workers' sockets carried, read from their status files. A file holds bytes and round of one moment, so that the bytes between
 * two readings belong to the rounds between them.
 */
export class SocketTraffic {
  private readonly first = new Map<string, Reading>();
  private readonly last = new Map<string, Reading>();

  note({ device, runs, socketBytes }: WorkerStatus): void {
    const round = runs[0]?.round;
    if (round === undefined) return;
    const reading = { round, ...socketBytes };
    if (!this.first.has(device)) this.first.set(device, reading);
    this.last.set(device, reading);
  }

  /** Bytes of all devices, both ways. */
  total(): number {
    return [...this.last.values()].reduce((sum, { down, up }) => sum + down + up, 0);
  }

  /** Mean over devices and rounds, from the first reading to the last. */
  perRoundPerDevice(): { down: number; up: number } {
    let [rounds, down, up] = [0, 0, 0];
    for (const [device, end] of this.last) {
      const start = this.first.get(device) ?? end;
      rounds += end.round - start.round;
      down += end.down - start.down;
      up += end.up - start.up;
    }
    return rounds === 0 ? { down: 0, up: 0 } : { down: Math.round(down / rounds), up: Math.round(up / rounds) };
  }
}
