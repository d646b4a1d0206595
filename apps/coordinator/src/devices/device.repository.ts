import { Injectable } from '@nestjs/common';
import {
  datasetStatement, deviceErrorSchema, deviceStates, policyStatement, type DatasetStatement, type DeviceError, type DeviceState, type DeviceStatement, type PolicyStatement,
} from '@seedfleet/protocol';
import { z } from 'zod';
import { Replica } from '../replicas/replica.js';
import { Batch } from '../database/batch.js';
import { Database, type Transaction } from '../database/database.js';
import { type Prisma } from '../database/generated/client.js';

export interface DeviceRow {
  id: string;
  name: string;
  publicKey: Uint8Array;
  state: DeviceState;
  workerVersion: string | null;
  platform: string | null;
  enrolledAt: Date;
  lastSeenAt: Date | null;
  /** the other process that may have its connection; null where only one serves the database */
  replicaId: string | null;
  tags: string[];
  threads: number | null;
  memoryMegabytes: number | null;
  forwardMs: number | null;
  peakMegabytes: number | null;
  clonedAt: Date | null;
  /** what its process drew at its start */
  instance: string | null;
  /** null: since it enrolled */
  keySince: Date | null;
  /** raised with every new key */
  keyGeneration: number;
}

const columns = { id: true, name: true, publicKey: true, state: true, workerVersion: true, platform: true, enrolledAt: true, lastSeenAt: true, replicaId: true, tags: true, threads: true, memoryMegabytes: true, forwardMs: true, peakMegabytes: true, clonedAt: true, instance: true, keySince: true, keyGeneration: true } as const;
/** The same, as node-postgres reads them. */
const columnsOfRow = 'id, name, public_key AS "publicKey", state, worker_version AS "workerVersion", platform, enrolled_at AS "enrolledAt", last_seen_at AS "lastSeenAt", replica_id AS "replicaId", tags, threads, memory_megabytes AS "memoryMegabytes", forward_ms AS "forwardMs", peak_megabytes AS "peakMegabytes", cloned_at AS "clonedAt", instance, key_since AS "keySince", key_generation AS "keyGeneration"';
const toRow = <R extends { state: string }>(row: R) => ({ ...row, state: deviceStates.find((state) => state === row.state) ?? 'revoked' as const });

/** What a device says of itself at its hello. */
export type Inventory = { [K in 'workerVersion' | 'platform' | 'threads' | 'memoryMegabytes' | 'forwardMs' | 'peakMegabytes']: NonNullable<DeviceRow[K]> };

/** When a device was seen, and (of its hello) what it said of itself. */
export type Seen = { at: Date; connected: boolean; instance?: string | null; statement?: DeviceStatement | null } & Partial<Inventory>;

/** Devices that one statement reads or writes. */
const devicesPerStatementMax = 250;

/** The only Prisma of devices. */
@Injectable()
export class DeviceRepository {
  private readonly reads: Batch<string, DeviceRow | null>;
  private readonly sightings: Batch<{ id: string; seen: Seen }, void>;

  constructor(private readonly database: Database, private readonly replica: Replica) {
    this.reads = new Batch({ itemsMax: devicesPerStatementMax, keyOf: (id) => id, perform: (ids) => this.findMany(ids) });
    this.sightings = new Batch({ itemsMax: devicesPerStatementMax, keyOf: ({ id }) => id, perform: (seen) => this.saveSightings(seen) });
  }

  /** As `find`, in one statement with others that come at the same time. */
  findSoon(id: string): Promise<DeviceRow | null> {
    return this.reads.ask(id);
  }

  private async findMany(ids: readonly string[]): Promise<(DeviceRow | null)[]> {
    const rows = await this.database.rows<Omit<DeviceRow, 'state'> & { state: string }>(`SELECT ${columnsOfRow} FROM devices WHERE id = ANY($1::text[])`, [ids]);
    const byId = new Map(rows.map((row) => [row.id, toRow(row)]));
    return ids.map((id) => byId.get(id) ?? null);
  }

  async find(id: string, tx: Transaction = this.database.prisma): Promise<DeviceRow | null> {
    const row = await tx.device.findUnique({ where: { id }, select: columns });
    return row === null ? null : toRow(row);
  }

  /** @param after id of the last device of the page before */
  async page({ after, limit, where }: { after: string | undefined; limit: number; where: Prisma.DeviceWhereInput }): Promise<DeviceRow[]> {
    const rows = await this.database.prisma.device.findMany({
      where: { AND: [where, after === undefined ? {} : { id: { gt: after } }] }, orderBy: { id: 'asc' }, take: limit, select: columns,
    });
    return rows.map(toRow);
  }

  /** Devices by state and presence. */
  async count(where: Prisma.DeviceWhereInput): Promise<{ state: DeviceState; connected: boolean; count: number }[]> {
    const rows = await this.database.prisma.device.groupBy({ by: ['state', 'connected'], where, _count: true });
    return rows.map(({ _count, ...row }) => ({ ...toRow(row), count: _count }));
  }

  /** All that a condition means, in a transaction that may go on to change them. */
  async findAll(where: Prisma.DeviceWhereInput, tx: Transaction): Promise<Pick<DeviceRow, 'id' | 'name' | 'state' | 'tags'>[]> {
    const rows = await tx.device.findMany({ where, orderBy: { id: 'asc' }, select: { id: true, name: true, state: true, tags: true } });
    return rows.map(toRow);
  }

  async saveTags(id: string, tags: string[], tx: Transaction): Promise<void> {
    await tx.device.update({ where: { id }, data: { tags } });
  }

  /** @returns how many of them were in a state of `from` and are in `to` now */
  async changeStates(ids: readonly string[], { from, to }: { from: DeviceState; to: DeviceState }, tx: Transaction): Promise<number> {
    const { count } = await tx.device.updateMany({ where: { id: { in: [...ids] }, state: from }, data: { state: to } });
    return count;
  }

  /** How many devices a condition means, and the steps that they measured: half of them are at most the median, nine of ten at most `p90`. */
  async measure(where: Prisma.DeviceWhereInput): Promise<{ devices: number; online: number; measured: number; median: number | null; p90: number | null }> {
    const { device } = this.database.prisma;
    const hasStep = { AND: [where, { forwardMs: { not: null } }] };
    const [devices, online, measured] = await Promise.all([device.count({ where }), device.count({ where: { AND: [where, { connected: true }] } }), device.count({ where: hasStep })]);
    const at = async (share: number) => (await device.findFirst({ where: hasStep, orderBy: { forwardMs: 'asc' }, skip: Math.max(0, Math.ceil(share * measured) - 1), select: { forwardMs: true } }))?.forwardMs ?? null;
    return { devices, online, measured, median: await at(0.5), p90: await at(0.9) };
  }

  async findIds(where: Prisma.DeviceWhereInput): Promise<string[]> {
    return (await this.database.prisma.device.findMany({ where, orderBy: { id: 'asc' }, select: { id: true } })).map(({ id }) => id);
  }

  async findActiveIds(): Promise<string[]> {
    const rows = await this.database.prisma.device.findMany({ where: { state: 'active' }, orderBy: { id: 'asc' }, select: { id: true } });
    return rows.map(({ id }) => id);
  }

  /** @returns false if the device was no longer in state `from` */
  async changeState(id: string, { from, to }: { from: DeviceState; to: DeviceState }, tx: Transaction = this.database.prisma): Promise<boolean> {
    const { count } = await tx.device.updateMany({ where: { id, state: from }, data: { state: to } });
    return count > 0;
  }

  /** No device is connected to a coordinator that has just started; other replicas know theirs. */
  async forgetPresence(): Promise<void> {
    await this.database.prisma.device.updateMany({ where: { connected: true, ...(this.replica.isAlone ? {} : { replicaId: null }) }, data: { connected: false, replicaId: null } });
  }

  /** Devices that are connected here and may no longer be. */
  async findUnwelcome(): Promise<Pick<DeviceRow, 'id' | 'state'>[]> {
    const rows = await this.database.prisma.device.findMany({ where: { replicaId: this.replica.id, state: { not: 'active' } }, select: { id: true, state: true } });
    return rows.map(toRow);
  }

  async saveCloned(id: string, clonedAt: Date, tx: Transaction = this.database.prisma): Promise<void> {
    await tx.device.updateMany({ where: { id }, data: { clonedAt } });
  }

  /** What a device stated at its last hello; null of workers that state nothing. */
  async findStatement(id: string): Promise<{ at: Date; policy: PolicyStatement; datasets: DatasetStatement[] } | null> {
    const row = await this.database.prisma.device.findUnique({ where: { id }, select: { policy: true, datasets: true, statedAt: true } });
    const policy = policyStatement.safeParse(row?.policy);
    const datasets = z.array(datasetStatement).safeParse(row?.datasets);
    return row?.statedAt && policy.success && datasets.success ? { at: row.statedAt, policy: policy.data, datasets: datasets.data } : null;
  }

  async findLastError(id: string): Promise<DeviceError | null> {
    const row = await this.database.prisma.device.findUnique({ where: { id }, select: { lastError: true } });
    const parsed = deviceErrorSchema.safeParse(row?.lastError);
    return parsed.success ? parsed.data : null;
  }

  async saveLastError(id: string, lastError: { code: string; atMs: number; run?: number }): Promise<void> {
    await this.database.prisma.device.updateMany({ where: { id }, data: { lastError } });
  }

  /** In one statement with others that were seen at the same time. */
  saveSeen(id: string, seen: Seen): Promise<void> {
    return this.sightings.ask({ id, seen });
  }

  private async saveSightings(sightings: readonly { id: string; seen: Seen }[]): Promise<void[]> {
    const { id: replicaId, isAlone } = this.replica;
    const records = sightings.map(({ id, seen: { at, statement, instance, workerVersion, platform, threads, memoryMegabytes, forwardMs, peakMegabytes, connected } }) => ({
      id, at, connected, greeted: statement !== undefined, instance, worker_version: workerVersion, platform, threads, memory_megabytes: memoryMegabytes, forward_ms: forwardMs, peak_megabytes: peakMegabytes,
      ...(statement === undefined || statement === null ? {} : stated(statement)),
    }));
    // A worker that states nothing any more leaves no statement behind, but its last error. A device that has gone from here to another replica is still connected.
    await this.database.rows(`
      UPDATE devices AS d SET last_seen_at = s.at, connected = s.connected, replica_id = CASE WHEN $3 THEN d.replica_id WHEN s.connected THEN $2 END,
        instance = CASE WHEN s.greeted THEN s.instance ELSE d.instance END,
        worker_version = coalesce(s.worker_version, d.worker_version), platform = coalesce(s.platform, d.platform), threads = coalesce(s.threads, d.threads),
        memory_megabytes = coalesce(s.memory_megabytes, d.memory_megabytes), forward_ms = coalesce(s.forward_ms, d.forward_ms), peak_megabytes = coalesce(s.peak_megabytes, d.peak_megabytes),
        policy = CASE WHEN s.greeted THEN s.policy ELSE d.policy END, datasets = CASE WHEN s.greeted THEN s.datasets ELSE d.datasets END,
        stated_at = CASE WHEN NOT s.greeted THEN d.stated_at WHEN s.policy IS NOT NULL THEN s.at END,
        dataset_names = CASE WHEN s.greeted THEN coalesce(s.dataset_names, '{}') ELSE d.dataset_names END,
        dataset_tasks = CASE WHEN s.greeted THEN coalesce(s.dataset_tasks, '{}') ELSE d.dataset_tasks END,
        last_error = coalesce(s.last_error, d.last_error)
      FROM jsonb_to_recordset($1::jsonb) AS s (
        id text, at timestamptz, connected boolean, greeted boolean, instance text, worker_version text, platform text, threads integer, memory_megabytes double precision,
        forward_ms double precision, peak_megabytes double precision, policy jsonb, datasets jsonb, dataset_names text[], dataset_tasks text[], last_error jsonb)
      WHERE d.id = s.id AND ($3 OR s.connected OR d.replica_id = $2)`, [JSON.stringify(records), replicaId, isAlone]);
    return sightings.map(() => undefined);
  }
}

/** The columns of a statement. */
function stated({ policy, datasets, lastError }: DeviceStatement) {
  return {
    policy, datasets, dataset_names: [...new Set(datasets.map(({ name }) => name))], dataset_tasks: [...new Set(datasets.flatMap(({ tasks }) => tasks))],
    ...(lastError === undefined ? {} : { last_error: lastError }),
  };
}
