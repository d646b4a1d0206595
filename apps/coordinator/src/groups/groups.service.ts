import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type Group, type ResponseOf } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { requireRevision } from '../app/revisions.js';
import { Clock, Luck } from '../app/surroundings.js';
import { type Transaction } from '../database/database.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { DevicesService } from '../devices/devices.service.js';
import { AuditLog } from '../operators/audit-log.js';
import { filterOfGroup } from './group-members.js';
import { GroupRepository, type GroupRow } from './group.repository.js';

/** Groups of devices: what a run, a filter or a bulk action can be said of. */
@Injectable()
export class GroupsService {
  constructor(
    private readonly repository: GroupRepository,
    private readonly devices: DevicesService,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  async create(operator: string, { name, filter }: InputOf<'createGroup'>['body']): Promise<Group> {
    return this.toGroup(await named(name, () => this.audit.change(async (tx, record) => {
      const group = await this.repository.create({ id: this.luck.id('grp'), name, filter, createdAt: this.clock.now() }, tx);
      await record({ actor: operator, action: 'group.create', subject: group.id, detail: { name, filter } });
      return group;
    })));
  }

  async list(): Promise<ResponseOf<'listGroups'>> {
    return { items: await Promise.all((await this.repository.list()).map((group) => this.toGroup(group))) };
  }

  async show(id: string): Promise<Group> {
    return this.toGroup(await this.require(id));
  }

  /** A group that becomes dynamic loses the devices that were put into it. @param expected revision that the operator saw, if said */
  async change(operator: string, id: string, { name, filter }: InputOf<'changeGroup'>['body'], expected: number | null): Promise<Group> {
    await named(name, () => this.audit.change(async (tx, record) => {
      const before = await this.require(id, tx);
      requireRevision(expected, before.revision);
      if (!await this.repository.save(id, { name, filter, revision: before.revision }, tx)) requireRevision(before.revision, null);
      if (filter !== null) await this.repository.removeAllMembers(id, tx);
      await record({ actor: operator, action: 'group.change', subject: id, detail: { name, filter, nameBefore: before.name, filterBefore: before.filter } });
    }));
    return this.show(id);
  }

  async delete(operator: string, id: string, expected: number | null): Promise<void> {
    await this.audit.change(async (tx, record) => {
      const { name, revision } = await this.require(id, tx);
      requireRevision(expected, revision);
      const [run] = await this.repository.findFollowers(id, tx);
      if (run !== undefined) throw new FleetError('group.in-use', { field: 'id', problem: `Run ${run} asks the devices of this group.` });
      await this.repository.delete(id, tx);
      await record({ actor: operator, action: 'group.delete', subject: id, detail: { name } });
    });
  }

  /** @throws FleetError `group.dynamic`, `request.not-found` */
  async changeMembers(operator: string, id: string, { devices }: InputOf<'addGroupMembers'>['body'], change: 'add' | 'remove'): Promise<Group> {
    await this.audit.change(async (tx, record) => {
      const { filter } = await this.require(id, tx);
      if (filter !== null) throw new FleetError('group.dynamic', { field: 'devices', problem: 'A filter says who is in this group.' });
      const missing = change === 'add' ? await this.repository.addMembers(id, devices, tx) : [];
      if (missing.length > 0) throw new FleetError('request.not-found', { field: 'devices', problem: `There is no device ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}.` });
      if (change === 'remove') await this.repository.removeMembers(id, devices, tx);
      await record({ actor: operator, action: `group.${change}-members`, subject: id, detail: { count: devices.length } });
    });
    return this.show(id);
  }

  private async toGroup({ id, name, filter, createdAt, revision }: GroupRow): Promise<Group> {
    const { count, online } = await this.devices.count({ filter: filterOfGroup(name) });
    return { id, name, filter, count, online, createdAt: createdAt.toISOString(), revision };
  }

  private async require(id: string, tx?: Transaction): Promise<GroupRow> {
    const group = await this.repository.find(id, tx);
    if (group === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such group.' });
    return group;
  }
}

/** @throws FleetError `group.name-taken` */
async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error)) throw new FleetError('group.name-taken', { field: 'name', problem: `There is a group "${name}" already.` });
    throw error;
  }
}
