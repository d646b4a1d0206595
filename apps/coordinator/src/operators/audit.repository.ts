import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { bytea } from '../database/bytea.js';
import { type AuditAction } from './audit-log.js';

/** The only Prisma of the audit log. */
@Injectable()
export class AuditRepository {
  constructor(private readonly database: Database) {}

  async findHead(): Promise<{ sequence: number; hash: Uint8Array }> {
    const head = await this.database.prisma.auditEntry.findFirst({ orderBy: { sequence: 'desc' }, select: { sequence: true, hash: true } });
    return head ?? { sequence: 0, hash: new Uint8Array(32) };
  }

  async append(entry: Required<AuditAction> & { sequence: number; at: Date; previousHash: Uint8Array; hash: Uint8Array }): Promise<void> {
    await this.database.prisma.auditEntry.create({ data: { ...entry, previousHash: bytea(entry.previousHash), hash: bytea(entry.hash) } });
  }
}
