import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

export interface ConnectionRow { id: string; instance: string | null; openedAt: Date; closedAt: Date | null }

/** The only Prisma of connections that devices had. */
@Injectable()
export class ConnectionRepository {
  constructor(private readonly database: Database) {}

  async open(connection: { id: string; deviceId: string; instance: string | null; openedAt: Date }): Promise<void> {
    await this.database.prisma.deviceConnection.create({ data: connection });
  }

  async close(id: string, closedAt: Date): Promise<void> {
    await this.database.prisma.deviceConnection.updateMany({ where: { id, closedAt: null }, data: { closedAt } });
  }

  /** Newest first. */
  async newest(deviceId: string, { before, limit }: { before?: Date; limit: number }): Promise<ConnectionRow[]> {
    return this.database.prisma.deviceConnection.findMany({
      where: { deviceId, ...(before === undefined ? {} : { openedAt: { lt: before } }) }, orderBy: [{ openedAt: 'desc' }, { id: 'desc' }], take: limit,
      select: { id: true, instance: true, openedAt: true, closedAt: true },
    });
  }

  /** What the greetings since then named, in the order of time; those of workers that name nothing are left out. */
  async instancesSince(deviceId: string, { since, limit }: { since: Date; limit: number }): Promise<string[]> {
    const rows = await this.database.prisma.deviceConnection.findMany({
      where: { deviceId, openedAt: { gte: since }, instance: { not: null } }, orderBy: [{ openedAt: 'desc' }, { id: 'desc' }], take: limit, select: { instance: true },
    });
    return rows.flatMap(({ instance }) => (instance === null ? [] : [instance])).reverse();
  }
}
