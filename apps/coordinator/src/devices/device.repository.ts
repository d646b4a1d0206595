import { Injectable } from '@nestjs/common';
import { deviceStates, type DeviceState } from '@seedfleet/protocol';
import { Database, type Transaction } from '../database/database.js';

export interface DeviceRow {
  id: string;
  name: string;
  publicKey: Uint8Array;
  state: DeviceState;
  workerVersion: string | null;
  platform: string | null;
  enrolledAt: Date;
  lastSeenAt: Date | null;
}

const columns = { id: true, name: true, publicKey: true, state: true, workerVersion: true, platform: true, enrolledAt: true, lastSeenAt: true } as const;
const toRow = <R extends { state: string }>(row: R) => ({ ...row, state: deviceStates.find((state) => state === row.state) ?? 'revoked' as const });

/** The only Prisma of devices. */
@Injectable()
export class DeviceRepository {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<DeviceRow | null> {
    const row = await this.database.prisma.device.findUnique({ where: { id }, select: columns });
    return row === null ? null : toRow(row);
  }

  /** @param after id of the last device of the page before */
  async page({ after, limit, state }: { after: string | undefined; limit: number; state: DeviceState | undefined }): Promise<DeviceRow[]> {
    const rows = await this.database.prisma.device.findMany({
      where: { ...(after === undefined ? {} : { id: { gt: after } }), ...(state === undefined ? {} : { state }) },
      orderBy: { id: 'asc' }, take: limit, select: columns,
    });
    return rows.map(toRow);
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

  async saveSeen(id: string, seen: { at: Date; workerVersion?: string; platform?: string }): Promise<void> {
    const { at, ...inventory } = seen;
    await this.database.prisma.device.updateMany({ where: { id }, data: { lastSeenAt: at, ...inventory } });
  }
}
