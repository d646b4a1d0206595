import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { canonicalBytes, sha256, toHex } from '@seedfleet/ledger';
import { type AuditVerification, type ResponseOf } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { Clock } from '../app/surroundings.js';
import { type Transaction } from '../database/database.js';
import { LiveChanges } from '../live/live-changes.js';
import { AuditRepository, type SavedAuditEntry } from './audit.repository.js';

export interface AuditAction {
  /** operator's name, or `coordinator` */
  actor: string;
  /** `noun.verb` */
  action: string;
  /** id of what was changed */
  subject: string;
  detail?: Record<string, string | number | boolean | null>;
}

const genesis = new Uint8Array(32);
/** Entries that one statement reads while the chain is walked. */
const walkRows = 1_000;

/** Hash of an entry: SHA-256(previous hash ‖ canonical JSON of the rest). Anyone with the table can check the chain. */
export function auditHash(previousHash: Uint8Array, entry: Required<AuditAction> & { sequence: number; at: string }): Uint8Array {
  return sha256(previousHash, canonicalBytes(entry));
}

/** Who changed what. One entry after the other, each naming the hash of the one before. */
@Injectable()
export class AuditLog {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly repository: AuditRepository, private readonly clock: Clock, private readonly live: LiveChanges) {}

  /**
   * A change and its entry, both or neither. Changes go one after the other: each entry names the one before.
   * @param work writes through its transaction only; `record` writes the entry into the same one
   */
  change<T>(work: (tx: Transaction, record: (action: AuditAction) => Promise<void>) => Promise<T>): Promise<T> {
    const changed = this.last.then(() => this.repository.inTurn((tx) => work(tx, (action) => this.append(tx, action))));
    this.last = changed.then(() => this.live.tell('audit-entry', null), () => {});
    return changed;
  }

  /** The entry of a change that was made elsewhere. */
  record(action: AuditAction): Promise<void> {
    return this.change((_, record) => record(action));
  }

  async page({ cursor, limit, ...filter }: InputOf<'listAuditEntries'>['query']): Promise<ResponseOf<'listAuditEntries'>> {
    const before = cursor === undefined ? undefined : Number(cursor);
    if (before !== undefined && !Number.isSafeInteger(before)) throw new FleetError('request.invalid', { field: 'cursor', problem: 'The cursor is none of this list.' });
    const rows = await this.repository.page({ before, limit, filter });
    const last = rows.at(-1);
    return { items: rows.map(toEntry), next: rows.length < limit || last === undefined ? null : String(last.sequence) };
  }

  /** Walks the whole chain. Whoever can write the table can also make a new chain: keep `headHash` elsewhere to notice that. */
  async verify(): Promise<AuditVerification> {
    let entries = 0;
    let head: Uint8Array = genesis;
    for await (const row of this.walk()) {
      const { previousHash, hash, at, ...rest } = row;
      const expected = auditHash(head, { ...rest, at: at.toISOString() });
      if (row.sequence !== entries + 1 || toHex(previousHash) !== toHex(head) || toHex(hash) !== toHex(expected)) {
        return { intact: false, entries, headHash: toHex(head), brokenAt: row.sequence };
      }
      entries += 1;
      head = expected;
    }
    return { intact: true, entries, headHash: toHex(head), brokenAt: null };
  }

  /** Every entry as JSON, oldest first. */
  async* lines(): AsyncGenerator<string> {
    for await (const row of this.walk()) yield `${JSON.stringify(toEntry(row))}\n`;
  }

  private async* walk(): AsyncGenerator<SavedAuditEntry> {
    let after = 0;
    for (;;) {
      const rows = await this.repository.after(after, walkRows);
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < walkRows) return;
      after = last.sequence;
    }
  }

  private async append(tx: Transaction, { actor, action, subject, detail = {} }: AuditAction): Promise<void> {
    const head = await this.repository.findHead(tx);
    const at = this.clock.now();
    const entry = { sequence: head.sequence + 1, at: at.toISOString(), actor, action, subject, detail };
    await this.repository.append({ ...entry, at, previousHash: head.hash, hash: auditHash(head.hash, entry) }, tx);
  }
}

function toEntry({ at, previousHash, hash, ...rest }: SavedAuditEntry): ResponseOf<'listAuditEntries'>['items'][number] {
  return { ...rest, at: at.toISOString(), previousHash: toHex(previousHash), hash: toHex(hash) };
}
