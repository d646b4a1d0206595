import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database/database.js';

export interface GroupRow {
  id: string;
  name: string;
  /** null: static */
  filter: string | null;
  createdAt: Date;
  revision: number;
}

const columns = { id: true, name: true, filter: true, createdAt: true, revision: true } as const;

/** The only Prisma of groups and their members. */
@Injectable()
export class GroupRepository {
  constructor(private readonly database: Database) {}

  find(id: string, tx: Transaction = this.database.prisma): Promise<GroupRow | null> {
    return tx.deviceGroup.findUnique({ where: { id }, select: columns });
  }

  list(): Promise<GroupRow[]> {
    return this.database.prisma.deviceGroup.findMany({ orderBy: { name: 'asc' }, select: columns });
  }

  findByNames(names: readonly string[]): Promise<GroupRow[]> {
    return this.database.prisma.deviceGroup.findMany({ where: { name: { in: [...names] } }, select: columns });
  }

  create(group: Omit<GroupRow, 'revision'>, tx: Transaction): Promise<GroupRow> {
    return tx.deviceGroup.create({ data: group, select: columns });
  }

  /** @returns false if the group is no longer at this revision */
  async save(id: string, { revision, ...data }: Pick<GroupRow, 'name' | 'filter' | 'revision'>, tx: Transaction): Promise<boolean> {
    const { count } = await tx.deviceGroup.updateMany({ where: { id, revision }, data: { ...data, revision: { increment: 1 } } });
    return count > 0;
  }

  /** Runs that have not ended and take their devices from the group. */
  async findFollowers(id: string, tx: Transaction): Promise<number[]> {
    const rows = await tx.run.findMany({ where: { groupId: id, groupFollowed: true, state: { in: ['draft', 'scheduled', 'queued', 'running', 'paused'] } }, orderBy: { id: 'asc' }, select: { id: true } });
    return rows.map((row) => row.id);
  }

  async delete(id: string, tx: Transaction): Promise<void> {
    await tx.deviceGroup.delete({ where: { id } });
  }

  /** Devices that are in it already stay. @returns the ids that are no device */
  async addMembers(groupId: string, devices: readonly string[], tx: Transaction): Promise<string[]> {
    const known = new Set((await tx.device.findMany({ where: { id: { in: [...devices] } }, select: { id: true } })).map(({ id }) => id));
    const missing = devices.filter((id) => !known.has(id));
    if (missing.length === 0) await tx.groupMember.createMany({ data: devices.map((deviceId) => ({ groupId, deviceId })), skipDuplicates: true });
    return missing;
  }

  async removeMembers(groupId: string, devices: readonly string[], tx: Transaction): Promise<void> {
    await tx.groupMember.deleteMany({ where: { groupId, deviceId: { in: [...devices] } } });
  }

  async removeAllMembers(groupId: string, tx: Transaction): Promise<void> {
    await tx.groupMember.deleteMany({ where: { groupId } });
  }
}
