import { Injectable } from '@nestjs/common';
import { Logger } from '../app/logger.js';
import { Clock, Luck } from '../app/surroundings.js';
import { AuditLog } from '../operators/audit-log.js';
import { ConnectionRepository } from './connection.repository.js';
import { DeviceRepository } from './device.repository.js';
import { type DeviceSession } from './presence.js';
import { takeTurns, turnsMax, turnsWindowMs } from './taking-turns.js';

/** Clones that go on are written down again this often: each of their greetings would be several writes a second. */
const cloneNotedEveryMs = 10_000;
/** Turns after a rest of this length are a new entry of the audit log. */
const cloneEpisodeMs = 3_600_000;

/** Keeps when devices were connected, and notices when two processes have one key. Refuses nobody: which of the two is honest is not known. */
@Injectable()
export class ConnectionsService {
  constructor(
    private readonly repository: ConnectionRepository,
    private readonly devices: DeviceRepository,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly luck: Luck,
    private readonly logger: Logger,
  ) {}

  /** A device was greeted. @param instance what its process drew at its start; undefined of workers that do not say */
  greeted(session: DeviceSession, instance: string | undefined): void {
    session.kept ??= this.keep(session, instance).catch((error: unknown) => {
      this.logger.failure('connection.not-kept', error, { device: session.device });
      return null;
    });
  }

  /** Its connection has ended. */
  async ended({ device, kept }: DeviceSession): Promise<void> {
    const at = this.clock.now();
    const id = await kept;
    if (id === null || id === undefined) return;
    await this.repository.close(id, at).catch((error: unknown) => this.logger.failure('connection.not-kept', error, { device }));
  }

  /** @returns the id of what was kept; null if nothing was */
  private async keep({ device, before }: DeviceSession, instance: string | undefined): Promise<string | null> {
    const now = this.clock.now();
    const isOther = instance !== undefined && before.instance !== null && before.instance !== instance;
    if (isOther && before.clonedAt !== null && now.getTime() - before.clonedAt.getTime() < cloneNotedEveryMs) return null;
    const id = this.luck.id('con');
    await this.repository.open({ id, deviceId: device, instance: instance ?? null, openedAt: now });
    if (isOther) await this.lookForClones(device, { now, ...before });
    return id;
  }

  private async lookForClones(device: string, { now, clonedAt, keySince }: { now: Date; clonedAt: Date | null; keySince: Date }): Promise<void> {
    // With another key came another owner of it: greetings before say nothing.
    const since = new Date(Math.max(now.getTime() - turnsWindowMs, keySince.getTime()));
    const instances = await this.repository.instancesSince(device, { since, limit: turnsMax });
    if (!takeTurns(instances)) return;
    const isNew = clonedAt === null || now.getTime() - clonedAt.getTime() > cloneEpisodeMs;
    if (!isNew) return this.devices.saveCloned(device, now);
    await this.audit.change(async (tx, record) => {
      await this.devices.saveCloned(device, now, tx);
      await record({ actor: 'coordinator', action: 'device.cloned', subject: device, detail: { processes: new Set(instances).size, instances: [...new Set(instances)].join(' ') } });
    });
    this.logger.warning('device.cloned', { device, processes: new Set(instances).size });
  }
}
