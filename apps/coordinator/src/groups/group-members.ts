import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type Prisma } from '../database/generated/client.js';
import { DeviceFilters } from '../devices/device-filters.js';
import { GroupRepository } from './group.repository.js';

/** The filter that means the devices of a group. */
export const filterOfGroup = (name: string) => `group="${name.replace(/["\\]/g, '\\$&')}"`;

/** Who is in a group. */
@Injectable()
export class GroupMembers {
  constructor(private readonly groups: GroupRepository, private readonly filters: DeviceFilters) {}

  /** The condition that holds of the active devices of a group. @throws FleetError `request.not-found` */
  async whereIn(id: string): Promise<Prisma.DeviceWhereInput> {
    const group = await this.groups.find(id);
    if (group === null) throw new FleetError('request.not-found', { field: 'group.id', problem: `There is no group ${id}.` });
    return { AND: [{ state: 'active' }, await this.filters.where(filterOfGroup(group.name))] };
  }
}
