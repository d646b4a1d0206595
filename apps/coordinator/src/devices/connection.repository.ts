import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

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

  /** Beginnings and ends of connections before a moment, newest first. */
  async ends(deviceId: string, { before, limit }: { before: Date; limit: number }): Promise<{ at: Date; kind: 'connected' | 'disconnected' }[]> {
    const opened = await this.database.prisma.deviceConnection.findMany({ where: { deviceId, openedAt: { lt: before } }, orderBy: { openedAt: 'desc' }, take: limit, select: { openedAt: true } });
    const closed = await this.database.prisma.deviceConnection.findMany({ where: { deviceId, closedAt: { lt: before } }, orderBy: { closedAt: 'desc' }, take: limit, select: { closedAt: true } });
    return [
      ...opened.map(({ openedAt }) => ({ at: openedAt, kind: 'connected' as const })),
      ...closed.flatMap(({ closedAt }) => (closedAt === null ? [] : [{ at: closedAt, kind: 'disconnected' as const }])),
    ].sort((a, b) => b.at.getTime() - a.at.getTime()).slice(0, limit);
  }

  /** What the greetings since then named, in the order of time; those of workers that name nothing are left out. */
  async instancesSince(deviceId: string, { since, limit }: { since: Date; limit: number }): Promise<string[]> {
    const rows = await this.database.prisma.deviceConnection.findMany({
      where: { deviceId, openedAt: { gte: since }, instance: { not: null } }, orderBy: [{ openedAt: 'desc' }, { id: 'desc' }], take: limit, select: { instance: true },
    });
    return rows.flatMap(({ instance }) => (instance === null ? [] : [instance])).reverse();
  }
}
