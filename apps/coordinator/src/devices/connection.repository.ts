import { Injectable } from '@nestjs/common';
import { Batch } from '../database/batch.js';
import { Database } from '../database/database.js';

interface Opened { id: string; deviceId: string; instance: string | null; openedAt: Date }

const connectionsPerStatementMax = 500;

/** The only Prisma of connections that devices had. */
@Injectable()
export class ConnectionRepository {
  private readonly opened: Batch<Opened, void>;
  private readonly closed: Batch<{ id: string; closedAt: Date }, void>;

  constructor(private readonly database: Database) {
    this.opened = new Batch({ itemsMax: connectionsPerStatementMax, keyOf: ({ id }) => id, perform: (connections) => this.saveOpened(connections) });
    this.closed = new Batch({ itemsMax: connectionsPerStatementMax, keyOf: ({ id }) => id, perform: (ends) => this.saveClosed(ends) });
  }

  /** In one statement with others that open at the same time; `close` as well. */
  open(connection: Opened): Promise<void> {
    return this.opened.ask(connection);
  }

  close(id: string, closedAt: Date): Promise<void> {
    return this.closed.ask({ id, closedAt });
  }

  private async saveOpened(connections: readonly Opened[]): Promise<void[]> {
    await this.database.rows('INSERT INTO device_connections (id, device_id, instance, opened_at) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])', [
      connections.map(({ id }) => id), connections.map(({ deviceId }) => deviceId), connections.map(({ instance }) => instance), connections.map(({ openedAt }) => openedAt),
    ]);
    return connections.map(() => undefined);
  }

  private async saveClosed(ends: readonly { id: string; closedAt: Date }[]): Promise<void[]> {
    await this.database.rows('UPDATE device_connections AS c SET closed_at = e.closed_at FROM unnest($1::text[], $2::timestamptz[]) AS e (id, closed_at) WHERE c.id = e.id AND c.closed_at IS NULL', [
      ends.map(({ id }) => id), ends.map(({ closedAt }) => closedAt),
    ]);
    return ends.map(() => undefined);
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
