import { Injectable } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { toHex, verifyManifest, type SignedManifest, type VerifiedManifest } from '@seedfleet/ledger';
import { runStates, type RunState } from '@seedfleet/protocol';
import { bytea } from '../database/bytea.js';
import { Database, type Transaction } from '../database/database.js';
import { type Prisma } from '../database/generated/client.js';

export interface RunRow {
  id: number;
  name: string;
  state: RunState;
  cause: string | null;
  /** commits so far */
  round: number;
  model: string;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  manifestHash: Uint8Array;
  /** from the manifest */
  roundsMax: number;
  /** from the manifest: whether its task is that of a language model */
  isLanguage: boolean;
  everyDevice: boolean;
  /** from the manifest */
  branch: SignedManifest['manifest']['branch'];
}

/** A run that this coordinator leads: nobody else can commit to it as long as the fencing token is the newest. */
export interface LedRun {
  id: number;
  state: RunState;
  round: number;
  manifest: VerifiedManifest;
  fencingToken: number;
}

const liveStates: readonly RunState[] = ['queued', 'running', 'paused'];
const columns = { id: true, name: true, state: true, cause: true, round: true, modelId: true, createdAt: true, startedAt: true, endedAt: true, manifest: true, manifestHash: true, everyDevice: true } as const;
const toState = (text: string): RunState => {
  const state = runStates.find((known) => known === text);
  if (state === undefined) throw new InvariantError(`a run is in the unknown state ${text}`);
  return state;
};

/** The only Prisma of runs and their manifests. */
@Injectable()
export class RunRepository {
  constructor(private readonly database: Database) {}

  /**
   * Numbers a run, has it signed under that number, and saves it with its devices: all or nothing.
   * @param sign makes the signed manifest of the given number
   */
  async create({ name, model, everyDevice, devices, at, sign }: { name: string; model: string; everyDevice: boolean; devices: readonly string[]; at: Date; sign: (run: number) => { signed: SignedManifest; canonical: Uint8Array } }, outer?: Transaction): Promise<number> {
    const make = async (tx: Transaction) => {
      const empty = new Uint8Array();
      const { id } = await tx.run.create({ data: { name, state: 'draft', modelId: model, everyDevice, createdAt: at, manifest: empty, manifestHash: empty, manifestSignature: empty }, select: { id: true } });
      const { signed, canonical } = sign(id);
      await tx.run.update({ where: { id }, data: { manifest: bytea(canonical), manifestHash: Buffer.from(signed.hash, 'hex'), manifestSignature: Buffer.from(signed.signature, 'hex') } });
      await tx.assignment.createMany({ data: devices.map((deviceId) => ({ runId: id, deviceId, state: 'assigned', updatedAt: at })) });
      return id;
    };
    return outer === undefined ? this.database.transact(make) : make(outer);
  }

  async find(id: number): Promise<RunRow | null> {
    const row = await this.database.prisma.run.findUnique({ where: { id }, select: columns });
    return row === null ? null : toRow(row);
  }

  /** Newest first. @param before id of the last run of the page before */
  async page({ before, limit, where }: { before: number | undefined; limit: number; where: Prisma.RunWhereInput }): Promise<RunRow[]> {
    const rows = await this.database.prisma.run.findMany({
      where: { AND: [where, before === undefined ? {} : { id: { lt: before } }] },
      orderBy: { id: 'desc' }, take: limit, select: columns,
    });
    return rows.map(toRow);
  }

  async findManifest(id: number): Promise<SignedManifest | null> {
    const row = await this.database.prisma.run.findUnique({ where: { id }, select: { manifest: true, manifestHash: true, manifestSignature: true } });
    return row === null ? null : toSigned(row);
  }

  async findLiveIds(): Promise<number[]> {
    const rows = await this.database.prisma.run.findMany({ where: { state: { in: [...liveStates] } }, orderBy: { id: 'asc' }, select: { id: true } });
    return rows.map(({ id }) => id);
  }

  /** Makes this coordinator the leader of the run: whoever led it before can save nothing more. */
  async takeOver(id: number): Promise<LedRun> {
    const row = await this.database.prisma.run.update({
      where: { id }, data: { fencingToken: { increment: 1 } },
      select: { state: true, round: true, fencingToken: true, manifest: true, manifestHash: true, manifestSignature: true },
    });
    return { id, state: toState(row.state), round: row.round, fencingToken: row.fencingToken, manifest: verifyManifest(toSigned(row)) };
  }

  /** @returns false if the run was no longer in one of the states `from` */
  async changeState(id: number, { from, to, cause, at }: { from: readonly RunState[]; to: RunState; cause: string | null; at: Date }, tx: Transaction = this.database.prisma): Promise<boolean> {
    const { count } = await tx.run.updateMany({
      where: { id, state: { in: [...from] } },
      data: { state: to, cause, ...(to === 'running' && from.includes('draft') ? { startedAt: at } : {}), ...(['completed', 'failed', 'cancelled'].includes(to) ? { endedAt: at } : {}) },
    });
    return count > 0;
  }
}

interface StoredManifest { manifest: Uint8Array; manifestHash: Uint8Array; manifestSignature: Uint8Array }

function toSigned({ manifest, manifestHash, manifestSignature }: StoredManifest): SignedManifest {
  return { manifest: JSON.parse(Buffer.from(manifest).toString('utf8')) as SignedManifest['manifest'], hash: toHex(manifestHash), signature: toHex(manifestSignature) };
}

function toRow({ modelId, state, manifest, ...row }: Omit<RunRow, 'model' | 'state' | 'roundsMax' | 'isLanguage' | 'branch'> & { modelId: string; state: string; manifest: Uint8Array }): RunRow {
  const { policy, task, branch } = JSON.parse(Buffer.from(manifest).toString('utf8')) as SignedManifest['manifest'];
  return { ...row, model: modelId, state: toState(state), roundsMax: policy.roundsMax, isLanguage: task.type === 'language', branch };
}
