import { Injectable } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { toHex, verifyManifest, type SignedManifest, type VerifiedManifest } from '@seedfleet/ledger';
import { canaryFailures, canaryStages, runStates, type RunState } from '@seedfleet/protocol';
import { type Canary, type RoundPolicy, type RunBudget } from '@seedfleet/rounds';
import { z } from 'zod';
import { bytea } from '../database/bytea.js';
import { Database, type Transaction } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';
import { LiveChanges } from '../live/live-changes.js';

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
  /** whose devices take part, if they were named by a group; `followed` while it goes on */
  group: { id: string; name: string; followed: boolean } | null;
  startWhen: StartWhen;
  canary: Canary | null;
  /** from the manifest */
  budget: RunBudget | null;
  /** from the manifest */
  queries: number;
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
  /** what the conductor is told beside the manifest */
  conducting: { policy: RoundPolicy; aside: string[]; canary: Canary | null; scalars: number; startedAtMs: number };
}

/** What a run is made of. */
export interface NewRun {
  name: string;
  model: string;
  members: RunMembers;
  /** what was asked for; null for a run that cannot be asked for anew */
  request: Prisma.InputJsonObject | null;
  startWhen: StartWhen;
  canary: Canary | null;
  at: Date;
  /** makes the signed manifest of the given number */
  sign: (run: number) => { signed: SignedManifest; canonical: Uint8Array };
}

/** What holds the start of a run up. */
export interface StartWhen {
  startAt: Date | null;
  /** number of a run that has to end first */
  after: number | null;
  /** while another run works with one of its devices */
  whenFree: boolean;
}

/** Who takes part in a new run. */
export interface RunMembers {
  everyDevice: boolean;
  devices: readonly string[];
  group: { id: string; followed: boolean } | null;
}

const liveStates: readonly RunState[] = ['running', 'paused'];
/** Examples that a device must hold out for its evaluation to count, where the manifest says nothing. */
const heldOutMinDefault = 10;
const columns = { id: true, name: true, state: true, cause: true, round: true, modelId: true, createdAt: true, startedAt: true, endedAt: true, manifest: true, manifestHash: true, everyDevice: true, groupFollowed: true, group: { select: { id: true, name: true } }, startAt: true, startAfter: true, startWhenFree: true, canary: true } as const;
const toState = (text: string): RunState => {
  const state = runStates.find((known) => known === text);
  if (state === undefined) throw new InvariantError(`a run is in the unknown state ${text}`);
  return state;
};

/** The only Prisma of runs and their manifests. */
@Injectable()
export class RunRepository {
  constructor(private readonly database: Database, private readonly live: LiveChanges) {}

  /** Numbers a run, has it signed under that number, and saves it with its devices: all or nothing. */
  async create({ name, model, members: { everyDevice, devices, group }, request, startWhen: { startAt, after, whenFree }, canary, at, sign }: NewRun, tx: Transaction): Promise<number> {
    const empty = new Uint8Array();
    const { id } = await tx.run.create({
      data: {
        name, state: 'draft', modelId: model, everyDevice, groupId: group?.id ?? null, groupFollowed: group?.followed ?? true, createdAt: at, startAt, startAfter: after, startWhenFree: whenFree,
        request: request ?? Prisma.DbNull, canary: canary === null ? Prisma.DbNull : toJson(canary), manifest: empty, manifestHash: empty, manifestSignature: empty,
      },
      select: { id: true },
    });
    const { signed, canonical } = sign(id);
    await tx.run.update({ where: { id }, data: { manifest: bytea(canonical), manifestHash: Buffer.from(signed.hash, 'hex'), manifestSignature: Buffer.from(signed.signature, 'hex') } });
    await tx.assignment.createMany({ data: devices.map((deviceId) => ({ runId: id, deviceId, state: 'assigned', updatedAt: at })) });
    return id;
  }

  async find(id: number): Promise<RunRow | null> {
    const row = await this.database.prisma.run.findUnique({ where: { id }, select: columns });
    return row === null ? null : toRow(row);
  }

  async findMany(ids: readonly number[]): Promise<RunRow[]> {
    return (await this.database.prisma.run.findMany({ where: { id: { in: [...ids] } }, orderBy: { id: 'asc' }, select: columns })).map(toRow);
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

  /** Runs that go on and whose group's later members take part too. */
  async findFollowing(): Promise<{ id: number; groupId: string }[]> {
    const rows = await this.database.prisma.run.findMany({ where: { state: { in: [...liveStates] }, groupFollowed: true, groupId: { not: null } }, orderBy: { id: 'asc' }, select: { id: true, groupId: true } });
    return rows.flatMap(({ id, groupId }) => (groupId === null ? [] : [{ id, groupId }]));
  }

  /** Before the run is started. */
  async settleCanary(id: number, canary: Canary): Promise<void> {
    await this.database.prisma.run.update({ where: { id }, data: { canary: toJson(canary) } });
  }

  /** With a mark of the run where its trial is over. */
  async saveCanary(id: number, canary: Canary, { at, round }: { at: Date; round: number }, tx: Transaction): Promise<void> {
    await tx.run.update({ where: { id }, data: { canary: toJson(canary) } });
    if (canary.stage === 'passed' || canary.stage === 'failed') await tx.runMark.createMany({ data: [{ runId: id, at, kind: `canary-${canary.stage}`, round }], skipDuplicates: true });
  }

  async findRequest(id: number): Promise<unknown> {
    return (await this.database.prisma.run.findUnique({ where: { id }, select: { request: true } }))?.request ?? null;
  }

  /** Runs that were started and are held up, oldest first. */
  async findHeld(): Promise<RunRow[]> {
    const rows = await this.database.prisma.run.findMany({ where: { state: { in: ['scheduled', 'queued'] } }, orderBy: { id: 'asc' }, select: columns });
    return rows.map(toRow);
  }

  /** Of the given runs those that have a device in common with this one. */
  async findSharing(id: number, others: readonly number[]): Promise<number[]> {
    if (others.length === 0) return [];
    const rows = await this.database.prisma.$queryRaw<{ id: number }[]>(Prisma.sql`
      SELECT DISTINCT b.run_id AS id FROM assignments a JOIN assignments b ON b.device_id = a.device_id
      WHERE a.run_id = ${id} AND b.run_id IN (${Prisma.join([...others])}) AND NOT a.aside AND NOT b.aside AND a.state <> 'left' AND b.state <> 'left' ORDER BY 1`);
    return rows.map((row) => row.id);
  }

  async findRunning(): Promise<number[]> {
    return (await this.database.prisma.run.findMany({ where: { state: 'running' }, orderBy: { id: 'asc' }, select: { id: true } })).map(({ id }) => id);
  }

  /** Reports that devices made in each of the runs, those of abandoned attempts too as long as retention keeps them. */
  async countReports(ids: readonly number[]): Promise<Map<number, number>> {
    if (ids.length === 0) return new Map();
    const rows = await this.database.prisma.$queryRaw<{ id: number; reports: number }[]>(Prisma.sql`
      SELECT id, sum(reports)::float8 AS reports FROM (
        SELECT run_id AS id, reports FROM commits WHERE run_id IN (${Prisma.join([...ids])})
        UNION ALL SELECT p.run_id, 1 FROM reports p JOIN rounds r ON r.run_id = p.run_id AND r.round = p.round AND r.attempt = p.attempt WHERE p.run_id IN (${Prisma.join([...ids])}) AND r.state <> 'committed'
      ) counted GROUP BY id`);
    return new Map(rows.map(({ id, reports }) => [id, reports]));
  }

  /** Makes this coordinator the leader of the run: whoever led it before can save nothing more. */
  async takeOver(id: number): Promise<LedRun> {
    const row = await this.database.prisma.run.update({
      where: { id }, data: { fencingToken: { increment: 1 } },
      select: {
        state: true, round: true, fencingToken: true, manifest: true, manifestHash: true, manifestSignature: true, canary: true, startedAt: true,
        assignments: { where: { aside: true }, select: { deviceId: true } },
      },
    });
    const manifest = verifyManifest(toSigned(row));
    const { policy, estimator } = manifest.manifest;
    const reports = policy.stop?.budget === undefined ? undefined : (await this.countReports([id])).get(id);
    return {
      id, state: toState(row.state), round: row.round, fencingToken: row.fencingToken, manifest,
      conducting: { policy: { ...policy, heldOutMin: policy.heldOutMin ?? heldOutMinDefault }, aside: row.assignments.map(({ deviceId }) => deviceId), canary: toCanary(row.canary), scalars: (reports ?? 0) * estimator.queries, startedAtMs: row.startedAt?.getTime() ?? 0 },
    };
  }

  /** @returns false if the run was no longer in one of the states `from` */
  async changeState(id: number, { from, to, cause, at }: { from: readonly RunState[]; to: RunState; cause: string | null; at: Date }, tx: Transaction = this.database.prisma): Promise<boolean> {
    const { count } = await tx.run.updateMany({
      where: { id, state: { in: [...from] } },
      data: { state: to, cause, ...(to === 'running' && !from.includes('paused') ? { startedAt: at } : {}), ...(['completed', 'failed', 'cancelled'].includes(to) ? { endedAt: at } : {}) },
    });
    if (count > 0) this.live.tell('run', id);
    return count > 0;
  }
}

interface StoredManifest { manifest: Uint8Array; manifestHash: Uint8Array; manifestSignature: Uint8Array }

function toSigned({ manifest, manifestHash, manifestSignature }: StoredManifest): SignedManifest {
  return { manifest: JSON.parse(Buffer.from(manifest).toString('utf8')) as SignedManifest['manifest'], hash: toHex(manifestHash), signature: toHex(manifestSignature) };
}

type StoredRun = Omit<RunRow, 'model' | 'state' | 'roundsMax' | 'isLanguage' | 'branch' | 'budget' | 'queries' | 'group' | 'startWhen' | 'canary'>
  & { modelId: string; state: string; manifest: Uint8Array; groupFollowed: boolean; group: { id: string; name: string } | null; startAt: Date | null; startAfter: number | null; startWhenFree: boolean; canary: unknown };

function toRow({ modelId, state, manifest, group, groupFollowed, startAt, startAfter, startWhenFree, canary, ...row }: StoredRun): RunRow {
  const { policy, task, branch, estimator } = JSON.parse(Buffer.from(manifest).toString('utf8')) as SignedManifest['manifest'];
  return {
    ...row, model: modelId, state: toState(state), roundsMax: policy.roundsMax, isLanguage: task.type === 'language', branch, budget: policy.stop?.budget ?? null, queries: estimator.queries,
    group: group === null ? null : { ...group, followed: groupFollowed }, startWhen: { startAt, after: startAfter, whenFree: startWhenFree }, canary: toCanary(canary),
  };
}

const canarySchema = z.object({
  plan: z.object({ rounds: z.int(), devices: z.int(), among: z.array(z.string()).optional(), departuresMax: z.number(), onFailure: z.enum(canaryFailures) }),
  stage: z.enum(canaryStages), cause: z.string().nullable(), devices: z.array(z.string()), asked: z.int(), departed: z.int(),
  before: z.number().nullable(), after: z.object({ round: z.int(), loss: z.number() }).nullable(),
}).nullable();

const toCanary = (json: unknown): Canary | null => canarySchema.parse(json);
const toJson = (canary: Canary) => canarySchema.parse(canary) as Prisma.InputJsonObject;
