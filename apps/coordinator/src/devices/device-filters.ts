import { Injectable } from '@nestjs/common';
import { deviceFilterFields, groupFilterFields, parseFilter } from '@seedfleet/protocol';
import { Clock } from '../app/surroundings.js';
import { type Prisma } from '../database/generated/client.js';
import { GroupRepository } from '../groups/group.repository.js';
import { deviceWhere } from './device-filter.js';

/** Filters of devices, with the groups that they name looked up. */
@Injectable()
export class DeviceFilters {
  constructor(private readonly groups: GroupRepository, private readonly clock: Clock) {}

  /** @throws FleetError `filter.invalid` */
  async where(text: string): Promise<Prisma.DeviceWhereInput> {
    const filter = parseFilter(text, deviceFilterFields);
    const names = filter.flatMap(({ field, values }) => (field === 'group' ? values : []));
    const groups = names.length === 0 ? [] : await this.groups.findByNames(names);
    return deviceWhere(filter, {
      now: this.clock.now(), groups: new Map(groups.map(({ name, filter: own }) => [name, own === null ? null : parseFilter(own, groupFilterFields)])),
    });
  }
}
