import { decodeCommit, decodeLog, encodeLog, toHex, type VerifiedManifest } from '@seedfleet/ledger';
import { type replayCommit } from '@seedfleet/numerics';
import { type Disk } from '../world/disk.js';
import { FleetState } from './fleet-state.js';

/** Commits in the tail after which the state is saved whole. */
const tailCommitsMax = 4;

/** State and log of one device, in memory and on its disk: a checkpoint and the commits since, as the worker's vault keeps them. */
export class Replica {
  fleet: FleetState;
  private inTail = 0;
  /** memory went wrong: the values are not those of the log until the state is built again */
  isDamaged = false;

  /** What does not verify on the disk is dropped, never trusted. */
  constructor(private readonly disk: Disk, private readonly manifest: VerifiedManifest, private readonly replayed?: typeof replayCommit) {
    this.fleet = new FleetState(manifest);
    this.restore();
  }

  get round(): number {
    return this.fleet.round;
  }

  /** Hex of what the newest commit names, as the worker says it: memory is not hashed again for every message. */
  get stateHash(): string {
    const { lastCommit } = this.fleet;
    return lastCommit.length === 0 ? this.fleet.hash() : toHex(decodeCommit(lastCommit).stateHash);
  }

  /** One commit verified, replayed and durable. @throws FleetError as FleetState.replay, `vault.unwritable` */
  apply(bytes: Uint8Array): void {
    if (decodeCommit(bytes).round < this.round) return;
    this.fleet.replay(bytes, this.replayed);
    this.disk.append('tail', encodeLog([bytes]));
    this.inTail += 1;
    if (this.inTail >= tailCommitsMax) this.write();
  }

  load(bytes: Uint8Array): void {
    this.fleet.restore(bytes);
    this.isDamaged = false;
    this.write();
  }

  reset(): void {
    this.disk.remove('state');
    this.disk.remove('tail');
    this.restore();
  }

  flipBit(site: number): void {
    const { adapter } = this.fleet;
    const values = adapter.values.map((array) => array.slice());
    const [b] = values;
    if (b === undefined) return;
    b[site % b.length] = (b[site % b.length] as number) + 2 ** -20;
    this.fleet.adapter = { ...adapter, values };
    this.isDamaged = true;
  }

  // State first: a crash before the tail is emptied leaves commits that the state already has, which are passed over.
  private write(): void {
    this.disk.replace('state', this.fleet.checkpoint());
    this.disk.replace('tail', new Uint8Array());
    this.inTail = 0;
  }

  private restore(): void {
    this.fleet = new FleetState(this.manifest);
    this.isDamaged = false;
    this.inTail = 0;
    const saved = this.disk.read('state');
    if (saved !== null) this.fleet.restore(saved);
    const kept: Uint8Array[] = [];
    const tail = wholeCommits(this.disk.read('tail') ?? new Uint8Array());
    try {
      for (const bytes of tail) {
        if (decodeCommit(bytes).round >= this.round) this.fleet.replay(bytes, this.replayed);
        kept.push(bytes);
      }
    } catch {
      // A tail that does not follow its state (the disk forgot the state) is fetched again.
    }
    this.inTail = kept.length;
    this.disk.replace('tail', encodeLog(kept));
  }
}

/** The commits of a tail whose last one a crash may have cut. */
function wholeCommits(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = 0;
  for (let next = 0; next <= bytes.length; next = end + 4 + view.getUint32(end, true)) {
    end = next;
    if (end + 4 > bytes.length) break;
  }
  return decodeLog(bytes.slice(0, end));
}
