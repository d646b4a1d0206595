import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { DeviceRepository } from '../devices/device.repository.js';
import { AssignmentRepository } from './assignment.repository.js';

/** Which devices a new run begins with. */
@Injectable()
export class RunDevices {
  constructor(private readonly devices: DeviceRepository, private readonly assignments: AssignmentRepository) {}

  /** @throws FleetError `run.no-devices` if one of them is not active */
  async choose(wanted: readonly string[] | undefined): Promise<string[]> {
    const active = await this.devices.findActiveIds();
    if (wanted === undefined) return active;
    const known = new Set(active);
    const missing = wanted.find((device) => !known.has(device));
    if (missing !== undefined) throw new FleetError('run.no-devices', { field: 'devices', problem: `The device ${missing} is not an active one.` });
    return [...new Set(wanted)];
  }

  /** Those of another run that are still active. */
  async chooseAgain(run: number): Promise<string[]> {
    const active = new Set(await this.devices.findActiveIds());
    return (await this.assignments.findOfRun(run)).map(({ device }) => device).filter((device) => active.has(device));
  }
}
