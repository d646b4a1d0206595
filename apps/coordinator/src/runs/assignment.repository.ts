import { Injectable } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { assignmentStates, runStates, type RunState } from '@seedfleet/protocol';
import { Batch } from '../database/batch.js';
import { Database } from '../database/database.js';
import { type Prisma } from '../database/generated/client.js';

export type AssignmentState = (typeof assignmentStates)[number];

export interface AssignmentRow {
  run: number;
  runState: RunState;
  /** commits of the run so far */
  head: number;
  device: string;
  state: AssignmentState;
  /** commits that the device had applied when it last said so */
  round: number;
}

export interface AssignmentReport extends Omit<AssignmentRow, 'run' | 'runState' | 'head'> {
  name: string;
  cause: string | null;
  trainExamples: number | null;
  heldOutExamples: number | null;
  aside: boolean;
}

interface Change { run: number; device: string; state: AssignmentState; cause: string | null; at: Date; round?: number; trainExamples?: number; heldOutExamples?: number; stateRound?: number; stateHash?: Uint8Array }

const assignmentsPerStatementMax = 500;

const one = <T extends string>(known: readonly T[], text: string): T => {
  const found = known.find((candidate) => candidate === text);
  if (found === undefined) throw new InvariantError(`an assignment is in the unknown state ${text}`);
  return found;
};

/** The only Prisma of assignments: which device takes part in which run, and how far it is. */
@Injectable()
export class AssignmentRepository {
  private readonly missing: Batch<{ device: string; at: Date }, void>;
  private readonly ofDevices: Batch<string, AssignmentRow[]>;
  private readonly found: Batch<{ run: number; device: string }, AssignmentRow | null>;
  private readonly changes: Batch<Change, void>;

  constructor(private readonly database: Database) {
    const itemsMax = assignmentsPerStatementMax;
    this.missing = new Batch({ itemsMax, keyOf: ({ device }) => device, perform: (devices) => this.insertMissing(devices) });
    this.ofDevices = new Batch({ itemsMax, keyOf: (device) => device, perform: (devices) => this.findOfDevices(devices) });
    this.found = new Batch({ itemsMax, keyOf: ({ run, device }) => `${run}/${device}`, perform: (keys) => this.findMany(keys) });
    this.changes = new Batch({ itemsMax, keyOf: ({ run, device }) => `${run}/${device}`, perform: (changes) => this.saveMany(changes) });
  }

  /**
   * Runs that a device of the whole fleet belongs to: those that go on, and the newest that was completed: its adapter is the fleet's.
   * In one statement with others that come at the same time, as all that is part of a hello or an announcement here.
   */
  assignMissing(device: string, at: Date): Promise<void> {
    return this.missing.ask({ device, at });
  }

  findOfDevice(device: string): Promise<AssignmentRow[]> {
    return this.ofDevices.ask(device);
  }

  find(run: number, device: string): Promise<AssignmentRow | null> {
    return this.found.ask({ run, device });
  }

  private async insertMissing(devices: readonly { device: string; at: Date }[]): Promise<void[]> {
    await this.database.rows(`
      INSERT INTO assignments (run_id, device_id, state, updated_at)
      SELECT runs.id, came.device, 'assigned', came.at FROM runs CROSS JOIN unnest($1::text[], $2::timestamptz[]) AS came (device, at)
      WHERE every_device AND (state IN ('scheduled', 'queued', 'running', 'paused') OR runs.id = (SELECT max(id) FROM runs WHERE every_device AND state = 'completed'))
      ON CONFLICT DO NOTHING`, [devices.map(({ device }) => device), devices.map(({ at }) => at)]);
    return devices.map(() => undefined);
  }

  private async findOfDevices(devices: readonly string[]): Promise<AssignmentRow[][]> {
    const rows = await this.database.rows<JoinedRow>(`${selectJoined} WHERE a.device_id = ANY($1::text[]) ORDER BY a.run_id`, [devices]);
    const byDevice = new Map<string, AssignmentRow[]>(devices.map((device) => [device, []]));
    for (const row of rows) byDevice.get(row.deviceId)?.push(toRow(nested(row)));
    return [...byDevice.values()];
  }

  private async findMany(keys: readonly { run: number; device: string }[]): Promise<(AssignmentRow | null)[]> {
    const rows = await this.database.rows<JoinedRow>(`${selectJoined} JOIN unnest($1::bigint[], $2::text[]) AS k (run, device) ON a.run_id = k.run AND a.device_id = k.device`, [keys.map(({ run }) => run), keys.map(({ device }) => device)]);
    const byKey = new Map(rows.map((row) => [`${row.runId}/${row.deviceId}`, toRow(nested(row))]));
    return keys.map(({ run, device }) => byKey.get(`${run}/${device}`) ?? null);
  }

  /** Devices that have not left the run. */
  async findOfRun(run: number): Promise<AssignmentRow[]> {
    const rows = await this.database.prisma.assignment.findMany({ where: { runId: run, state: { not: 'left' } }, orderBy: { deviceId: 'asc' }, include: { run: { select: { state: true, round: true } } } });
    return rows.map((row) => toRow(row));
  }

  /** Devices that the run may ask. */
  async count(run: number): Promise<number> {
    return this.database.prisma.assignment.count({ where: { runId: run, aside: false } });
  }

  /** Assigns devices that the condition means and that have no part in the run yet. @returns their ids */
  async join(run: number, meant: Prisma.DeviceWhereInput, at: Date): Promise<string[]> {
    const joining = (await this.database.prisma.device.findMany({ where: { AND: [meant, { assignments: { none: { runId: run } } }] }, select: { id: true } })).map(({ id }) => id);
    if (joining.length > 0) await this.database.prisma.assignment.createMany({ data: joining.map((deviceId) => ({ runId: run, deviceId, state: 'assigned', updatedAt: at })), skipDuplicates: true });
    return joining;
  }

  /** Of a run that nobody has heard of yet: those that the condition does not mean have no part in it. */
  async drop(run: number, meant: Prisma.DeviceWhereInput): Promise<void> {
    await this.database.prisma.assignment.deleteMany({ where: { runId: run, device: { NOT: meant } } });
  }

  /** Sets aside whoever the condition no longer means, and takes back whoever it means again. @returns whether anything changed */
  async setAside(run: number, meant: Prisma.DeviceWhereInput): Promise<boolean> {
    const { count: left } = await this.database.prisma.assignment.updateMany({ where: { runId: run, aside: false, device: { NOT: meant } }, data: { aside: true } });
    const { count: back } = await this.database.prisma.assignment.updateMany({ where: { runId: run, aside: true, device: meant }, data: { aside: false } });
    return left + back > 0;
  }

  async findAside(run: number): Promise<string[]> {
    return (await this.database.prisma.assignment.findMany({ where: { runId: run, aside: true }, select: { deviceId: true } })).map(({ deviceId }) => deviceId);
  }

  /** How many devices are in each state, at each round that they said. */
  async tally(run: number): Promise<{ state: AssignmentState; round: number; devices: number }[]> {
    const rows = await this.database.prisma.assignment.groupBy({ by: ['state', 'round'], where: { runId: run }, _count: true });
    return rows.map(({ state, round, _count }) => ({ state: one(assignmentStates, state), round, devices: _count }));
  }

  /** @param after id of the last device of the page before */
  async page(run: number, { after, limit }: { after: string | undefined; limit: number }): Promise<AssignmentReport[]> {
    const rows = await this.database.prisma.assignment.findMany({ where: { runId: run, ...(after === undefined ? {} : { deviceId: { gt: after } }) }, take: limit, orderBy: { deviceId: 'asc' }, include: { device: { select: { name: true } } } });
    return rows.map(({ deviceId, state, cause, round, trainExamples, heldOutExamples, aside, device }) =>
      ({ device: deviceId, name: device.name, state: one(assignmentStates, state), cause, round, trainExamples, heldOutExamples, aside }));
  }

  /** Only if nothing else was heard of the device since it was in state `from`. */
  async savePreparing(run: number, device: string, { from, at }: { from: AssignmentState; at: Date }): Promise<void> {
    await this.database.prisma.assignment.updateMany({ where: { runId: run, deviceId: device, state: from }, data: { state: 'preparing', cause: null, updatedAt: at } });
  }

  save(run: number, device: string, change: Omit<Change, 'run' | 'device'>): Promise<void> {
    return this.changes.ask({ run, device, ...change });
  }

  private async saveMany(changes: readonly Change[]): Promise<void[]> {
    const column = <K extends keyof Change>(name: K) => changes.map((change) => change[name] ?? null);
    await this.database.rows(`
      UPDATE assignments AS a SET state = c.state, cause = c.cause, updated_at = c.at, round = coalesce(c.round, a.round), train_examples = coalesce(c.train_examples, a.train_examples),
        held_out_examples = coalesce(c.held_out_examples, a.held_out_examples), state_round = coalesce(c.state_round, a.state_round), state_hash = coalesce(c.state_hash, a.state_hash)
      FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::int[], $7::int[], $8::int[], $9::int[], $10::bytea[])
        AS c (run, device, state, cause, at, round, train_examples, held_out_examples, state_round, state_hash)
      WHERE a.run_id = c.run AND a.device_id = c.device`, [
      column('run'), column('device'), column('state'), column('cause'), column('at'), column('round'), column('trainExamples'), column('heldOutExamples'), column('stateRound'),
      changes.map(({ stateHash }) => (stateHash === undefined ? null : Buffer.from(stateHash))),
    ]);
    return changes.map(() => undefined);
  }
}

/** An assignment with what its run says, as node-postgres reads it. */
interface JoinedRow { runId: number; deviceId: string; state: string; round: number; runState: string; head: number }
const selectJoined = 'SELECT a.run_id AS "runId", a.device_id AS "deviceId", a.state, a.round, r.state AS "runState", r.round AS head FROM assignments AS a JOIN runs AS r ON r.id = a.run_id';
const nested = ({ runState, head, ...row }: JoinedRow) => ({ ...row, run: { state: runState, round: head } });

function toRow(row: { runId: number; deviceId: string; state: string; round: number; run: { state: string; round: number } }): AssignmentRow {
  return { run: row.runId, runState: one(runStates, row.run.state), head: row.run.round, device: row.deviceId, state: one(assignmentStates, row.state), round: row.round };
}
