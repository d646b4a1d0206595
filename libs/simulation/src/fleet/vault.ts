import { utf8 } from '@seedfleet/ledger';
import { type Disk } from '../world/disk.js';
import { dayMs } from './scenario.js';

/** The counters that a device keeps for its owner: batches shown, differences given today. Durable on return. */
export class Vault {
  constructor(private readonly disk: Disk, private readonly scalarsPerDay: number) {}

  get batches(): number {
    return this.number('batches');
  }

  set batches(count: number) {
    this.disk.replace('batches', utf8(String(count)));
  }

  /** Differences given on the day of this time. */
  spent(nowMs: number): number {
    return this.number(`spent-${dayOf(nowMs)}`);
  }

  allows(nowMs: number, scalars: number): boolean {
    return this.spent(nowMs) + scalars <= this.scalarsPerDay;
  }

  spend(nowMs: number, scalars: number): void {
    this.disk.replace(`spent-${dayOf(nowMs)}`, utf8(String(this.spent(nowMs) + scalars)));
  }

  get hasFinished(): boolean {
    return this.disk.read('ended') !== null;
  }

  finish(): void {
    this.disk.replace('ended', new Uint8Array());
  }

  private number(name: string): number {
    const bytes = this.disk.read(name);
    return bytes === null ? 0 : Number(new TextDecoder().decode(bytes));
  }
}

/** Days of a clock, as the owner of the device counts them. */
export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / dayMs);
}
