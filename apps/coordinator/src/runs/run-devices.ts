import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { DeviceRepository } from '../devices/device.repository.js';
import { GroupMembers } from '../groups/group-members.js';
import { AssignmentRepository } from './assignment.repository.js';
import { type RunMembers } from './run.repository.js';

/** Which devices a new run begins with. */
@Injectable()
export class RunDevices {
  constructor(private readonly devices: DeviceRepository, private readonly assignments: AssignmentRepository, private readonly groups: GroupMembers) {}

  /** @throws FleetError `run.no-devices` if one of them is not active */
  async choose(wanted: readonly string[] | undefined): Promise<string[]> {
    const active = await this.devices.findActiveIds();
    if (wanted === undefined) return active;
    const known = new Set(active);
    const missing = wanted.find((device) => !known.has(device));
    if (missing !== undefined) throw new FleetError('run.no-devices', { field: 'devices', problem: `The device ${missing} is not an active one.` });
    return [...new Set(wanted)];
  }

  /** What a request names: a list, a group, or every device. @throws FleetError `run.no-devices`, `request.not-found` */
  async membersOf({ devices, group }: { devices?: readonly string[] | undefined; group?: { id: string; membership: 'followed' | 'frozen' } | undefined }): Promise<RunMembers> {
    if (group === undefined) return { everyDevice: devices === undefined, devices: await this.choose(devices), group: null };
    const meant = await this.groups.whereIn(group.id);
    return { everyDevice: false, devices: await this.devices.findIds(meant), group: { id: group.id, followed: group.membership === 'followed' } };
  }

  /** Those of another run that are still active. */
  async chooseAgain(run: number): Promise<string[]> {
    const active = new Set(await this.devices.findActiveIds());
    return (await this.assignments.findOfRun(run)).map(({ device }) => device).filter((device) => active.has(device));
  }
}
