import { toHex } from '@seedfleet/ledger';

/** Time, as the entry point gives it. */
export class Clock {
  constructor(private readonly readMs: () => number) {}

  nowMs(): number {
    return this.readMs();
  }

  now(): Date {
    return new Date(this.readMs());
  }
}

/** Randomness, as the entry point gives it. Cryptographic: keys and tokens are drawn here too. */
export class Luck {
  constructor(private readonly draw: (count: number) => Uint8Array) {}

  bytes(count: number): Uint8Array {
    return this.draw(count);
  }

  uint32(): number {
    return new DataView(this.bytes(4).buffer).getUint32(0, true);
  }

  /** An opaque id such as `dev_4f0c...`: 96 random bits behind what it names. */
  id(prefix: 'dev' | 'tok' | 'mod' | 'art' | 'op' | 'key' | 'ses' | 'inv' | 'grp' | 'alr' | 'rul' | 'chn' | 'dlv' | 'con'): string {
    return `${prefix}_${toHex(this.bytes(12))}`;
  }
}
