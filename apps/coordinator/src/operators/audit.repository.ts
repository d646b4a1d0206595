import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database/database.js';
import { bytea } from '../database/bytea.js';
import { Prisma } from '../database/generated/client.js';
import { type AuditAction } from './audit-log.js';

export interface SavedAuditEntry extends Required<AuditAction> {
  sequence: number;
  at: Date;
  previousHash: Uint8Array;
  hash: Uint8Array;
}

/** Number of the advisory lock under which entries are appended: "audt" in ASCII. */
const appendLock = 0x61756474;

/** The only Prisma of the audit log. */
@Injectable()
export class AuditRepository {
  constructor(private readonly database: Database) {}

  /** A transaction that no other one which appends runs beside, in this process or another. */
  inTurn<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.database.transact(async (tx) => {
      await tx.$executeRaw(Prisma.sql`SELECT pg_advisory_xact_lock(${appendLock}::bigint)`);
      return work(tx);
    });
  }

  async findHead(tx: Transaction): Promise<{ sequence: number; hash: Uint8Array }> {
    const head = await tx.auditEntry.findFirst({ orderBy: { sequence: 'desc' }, select: { sequence: true, hash: true } });
    return head ?? { sequence: 0, hash: new Uint8Array(32) };
  }

  async append(entry: SavedAuditEntry, tx: Transaction): Promise<void> {
    await tx.auditEntry.create({ data: { ...entry, previousHash: bytea(entry.previousHash), hash: bytea(entry.hash) } });
  }

  /** Newest first. @param before sequence of the last entry of the page before */
  async page({ before, limit, filter }: { before: number | undefined; limit: number; filter: { actor?: string | undefined; action?: string | undefined; subject?: string | undefined } }): Promise<SavedAuditEntry[]> {
    const wanted = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
    const rows = await this.database.prisma.auditEntry.findMany({ where: { ...wanted, ...(before === undefined ? {} : { sequence: { lt: before } }) }, orderBy: { sequence: 'desc' }, take: limit });
    return rows.map(toSaved);
  }

  /** Oldest first. */
  async after(sequence: number, limit: number): Promise<SavedAuditEntry[]> {
    const rows = await this.database.prisma.auditEntry.findMany({ where: { sequence: { gt: sequence } }, orderBy: { sequence: 'asc' }, take: limit });
    return rows.map(toSaved);
  }
}

const toSaved = <R extends { detail: Prisma.JsonValue }>(row: R) => ({ ...row, detail: row.detail as Required<AuditAction>['detail'] });
