import { Injectable } from '@nestjs/common';
import { sha256 } from '@seedfleet/ledger';
import { bytea } from '../database/bytea.js';
import { Database, type Transaction } from '../database/database.js';

export interface ArtifactRow {
  id: string;
  kind: string;
  sha256: Uint8Array;
  bytes: number;
  round: number;
}

const columns = { id: true, kind: true, sha256: true, bytes: true, round: true } as const;

/** The only Prisma of what runs made: their checkpoints. */
@Injectable()
export class ArtifactRepository {
  constructor(private readonly database: Database) {}

  /** A checkpoint of this round that is there already is the same one. */
  async saveCheckpoint({ id, run, round, body, at }: { id: string; run: number; round: number; body: Uint8Array; at: Date }, tx: Transaction = this.database.prisma): Promise<void> {
    await tx.artifact.createMany({
      data: [{ id, runId: run, kind: 'checkpoint', round, sha256: bytea(sha256(body)), bytes: body.length, body: bytea(body), madeAt: at }], skipDuplicates: true });
  }

  async findNewestCheckpoint(run: number): Promise<{ round: number; bytes: number } | null> {
    return this.database.prisma.artifact.findFirst({ where: { runId: run, kind: 'checkpoint' }, orderBy: { round: 'desc' }, select: { round: true, bytes: true } });
  }

  /** @param atMost the newest that has no more commits applied than this */
  async readNewestCheckpoint(run: number, atMost?: number): Promise<Uint8Array | null> {
    const row = await this.database.prisma.artifact.findFirst({ where: { runId: run, kind: 'checkpoint', ...(atMost === undefined ? {} : { round: { lte: atMost } }) }, orderBy: { round: 'desc' }, select: { body: true } });
    return row?.body ?? null;
  }

  async readCheckpoint(run: number, round: number): Promise<Uint8Array | null> {
    const row = await this.database.prisma.artifact.findFirst({ where: { runId: run, kind: 'checkpoint', round }, select: { body: true } });
    return row?.body ?? null;
  }

  async list(run: number): Promise<ArtifactRow[]> {
    return this.database.prisma.artifact.findMany({ where: { runId: run }, orderBy: [{ round: 'desc' }, { kind: 'asc' }], select: columns });
  }

  async readBody(id: string): Promise<Uint8Array | null> {
    const row = await this.database.prisma.artifact.findUnique({ where: { id }, select: { body: true } });
    return row?.body ?? null;
  }
}
