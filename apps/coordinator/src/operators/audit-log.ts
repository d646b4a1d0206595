import { Injectable } from '@nestjs/common';
import { canonicalBytes, sha256 } from '@seedfleet/ledger';
import { Clock } from '../app/surroundings.js';
import { AuditRepository } from './audit.repository.js';

export interface AuditAction {
  /** operator's name, or `coordinator` */
  actor: string;
  /** `noun.verb` */
  action: string;
  /** id of what was changed */
  subject: string;
  detail?: Record<string, string | number | boolean | null>;
}

/** Hash of an entry: SHA-256(previous hash ‖ canonical JSON of the rest). Anyone with the table can check the chain. */
export function auditHash(previousHash: Uint8Array, entry: Required<AuditAction> & { sequence: number; at: string }): Uint8Array {
  return sha256(previousHash, canonicalBytes(entry));
}

/** Who changed what. One entry after the other, each naming the hash of the one before. */
@Injectable()
export class AuditLog {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly repository: AuditRepository, private readonly clock: Clock) {}

  record(action: AuditAction): Promise<void> {
    const written = this.last.then(() => this.append(action));
    this.last = written.catch(() => {});
    return written;
  }

  private async append({ actor, action, subject, detail = {} }: AuditAction): Promise<void> {
    const head = await this.repository.findHead();
    const at = this.clock.now();
    const entry = { sequence: head.sequence + 1, at: at.toISOString(), actor, action, subject, detail };
    await this.repository.append({ ...entry, at, previousHash: head.hash, hash: auditHash(head.hash, entry) });
  }
}
