import { Injectable } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { assignmentStates, runStates, type RunState } from '@seedfleet/protocol';
import { bytea } from '../database/bytea.js';
import { Database } from '../database/database.js';
import { Prisma } from '../database/generated/client.js';

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

const one = <T extends string>(known: readonly T[], text: string): T => {
  const found = known.find((candidate) => candidate === text);
  if (found === undefined) throw new InvariantError(`an assignment is in the unknown state ${text}`);
  return found;
};

/** The only Prisma of assignments: which device takes part in which run, and how far it is. */
@Injectable()
export class AssignmentRepository {
  constructor(private readonly database: Database) {}

  /** Runs that a device of the whole fleet belongs to: those that go on, and the newest that was completed: its adapter is the fleet's. */
  async assignMissing(device: string, at: Date): Promise<void> {
    // One statement, for it is part of every hello.
    await this.database.prisma.$executeRaw(Prisma.sql`
      INSERT INTO assignments (run_id, device_id, state, updated_at)
      SELECT id, ${device}::text, 'assigned', ${at.toISOString()}::timestamptz FROM runs
      WHERE every_device AND (state IN ('scheduled', 'queued', 'running', 'paused') OR id = (SELECT max(id) FROM runs WHERE every_device AND state = 'completed'))
      ON CONFLICT DO NOTHING`);
  }

  async findOfDevice(device: string): Promise<AssignmentRow[]> {
    const rows = await this.database.prisma.assignment.findMany({ where: { deviceId: device }, orderBy: { runId: 'asc' }, include: { run: { select: { state: true, round: true } } } });
    return rows.map((row) => toRow(row));
  }

  async find(run: number, device: string): Promise<AssignmentRow | null> {
    const row = await this.database.prisma.assignment.findUnique({ where: { runId_deviceId: { runId: run, deviceId: device } }, include: { run: { select: { state: true, round: true } } } });
    return row === null ? null : toRow(row);
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

  async save(run: number, device: string, change: { state: AssignmentState; cause: string | null; at: Date; round?: number; trainExamples?: number; heldOutExamples?: number; stateRound?: number; stateHash?: Uint8Array }): Promise<void> {
    const { at, stateHash, ...data } = change;
    await this.database.prisma.assignment.update({ where: { runId_deviceId: { runId: run, deviceId: device } }, data: { ...data, ...(stateHash === undefined ? {} : { stateHash: bytea(stateHash) }), updatedAt: at } });
  }
}

function toRow(row: { runId: number; deviceId: string; state: string; round: number; run: { state: string; round: number } }): AssignmentRow {
  return { run: row.runId, runState: one(runStates, row.run.state), head: row.run.round, device: row.deviceId, state: one(assignmentStates, row.state), round: row.round };
}
