import { FleetError } from '@seedfleet/errors';
import { type Faults } from './faults.js';
import { type Random } from './random.js';

type Files = Map<string, Uint8Array>;

/** How many writes a lying disk may forget at one crash. */
const forgottenMax = 4;

/**
 * The files of one device. A replacement is whole or not there (write beside, flush, rename: the worker's `writeFileAtomically`); what is
 * appended may be cut by a crash. A disk may be full, and it may have lied about a flush: then a crash takes the last writes with it.
 */
export class Disk {
  faults: Faults;
  private files: Files = new Map();
  private readonly history: Files[] = [];
  /** writes that were flushed and forgotten all the same */
  forgotten = 0;

  constructor(private readonly random: Random, faults: Faults) {
    this.faults = faults;
  }

  read(name: string): Uint8Array | null {
    return this.files.get(name) ?? null;
  }

  /** @throws FleetError `vault.unwritable` */
  replace(name: string, bytes: Uint8Array): void {
    this.begin();
    this.files.set(name, bytes.slice());
  }

  /** @throws FleetError `vault.unwritable`, also if power goes in the middle of it: then some of the bytes are there */
  append(name: string, bytes: Uint8Array): void {
    this.begin();
    const old = this.files.get(name) ?? new Uint8Array();
    const longer = new Uint8Array(old.length + bytes.length);
    longer.set(old);
    longer.set(bytes, old.length);
    const isTorn = this.random.chance(this.faults.tornWrite);
    this.files.set(name, isTorn ? longer.slice(0, this.random.between(old.length, longer.length - 1)) : longer);
    if (isTorn) throw new FleetError('vault.unwritable', { problem: 'The power is gone.' });
  }

  remove(name: string): void {
    this.begin();
    this.files.delete(name);
  }

  /** Power is gone: a disk that lied forgets. */
  crash(): void {
    if (this.random.chance(this.faults.lostFsync)) {
      for (let left = this.random.between(1, forgottenMax); left > 0 && this.history.length > 0; left--) {
        this.files = this.history.pop() as Files;
        this.forgotten += 1;
      }
    }
    this.history.length = 0;
  }

  private begin(): void {
    if (this.random.chance(this.faults.deviceWriteRefused)) throw new FleetError('vault.unwritable', { problem: 'There is no space left on the disk.' });
    this.history.push(new Map(this.files));
    if (this.history.length > forgottenMax) this.history.shift();
  }
}
