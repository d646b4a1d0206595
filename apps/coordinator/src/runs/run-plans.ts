import { Injectable } from '@nestjs/common';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { runRequest, type CanaryRequest, type RunRequest } from '@seedfleet/protocol';
import { newCanary, type Canary } from '@seedfleet/rounds';
import { DeviceRepository } from '../devices/device.repository.js';
import { GroupMembers } from '../groups/group-members.js';
import { ModelsService } from '../models/models.service.js';
import { AssignmentRepository } from './assignment.repository.js';
import { requestOfManifest } from './request-of-manifest.js';
import { RunRepository, type RunRow, type StartWhen } from './run.repository.js';

/** What a run was asked to be beyond its manifest: when it starts, on whom first. */
@Injectable()
export class RunPlans {
  constructor(private readonly runs: RunRepository, private readonly assignments: AssignmentRepository, private readonly devices: DeviceRepository, private readonly groups: GroupMembers, private readonly models: ModelsService) {}

  /** @throws FleetError `request.not-found` if it names a run that there is not */
  async startWhenOf({ startAt, after, whenFree = false }: Pick<RunRequest, 'startAt' | 'after' | 'whenFree'>): Promise<StartWhen> {
    if (after !== undefined && await this.runs.find(after) === null) throw new FleetError('request.not-found', { field: 'after', problem: `There is no run ${after}.` });
    return { startAt: startAt === undefined ? null : new Date(startAt), after: after ?? null, whenFree };
  }

  /** @param devices how many the run has @throws FleetError `request.not-found` if its group is none */
  async canaryOf(request: CanaryRequest | undefined, { devices }: { devices: number }): Promise<Canary | null> {
    if (request === undefined) return null;
    const { rounds, departuresMax, onFailure, share, group } = request;
    const among = group === undefined ? undefined : await this.devices.findIds(await this.groups.whereIn(group));
    const count = request.devices ?? (share === undefined ? among?.length ?? 1 : Math.floor(share * devices));
    return newCanary({ rounds, departuresMax, onFailure, devices: Math.max(1, count), ...(among === undefined ? {} : { among }) });
  }

  /** What was asked for when the run was made, or what comes to the same. @throws FleetError `run.request-unknown` */
  async requestOf({ id, model, everyDevice, group }: RunRow): Promise<RunRequest> {
    // One that an earlier version kept, and this one cannot read, is made from the manifest like one that was never kept.
    const kept = runRequest.safeParse(await this.runs.findRequest(id));
    if (kept.success) return kept.data;
    const signed = await this.runs.findManifest(id);
    if (signed === null) throw new InvariantError(`run ${id} has no manifest`);
    const request = requestOfManifest(signed.manifest, await this.models.requireReady(model));
    if (everyDevice) return request;
    if (group !== null) return { ...request, group: { id: group.id, membership: group.followed ? 'followed' : 'frozen' } };
    return { ...request, devices: (await this.assignments.findOfRun(id)).map(({ device }) => device) };
  }

  /** Before the first round: shares and groups are counted again, for they may have changed since the run was asked for. */
  async settleCanary({ id, canary }: RunRow): Promise<void> {
    if (canary === null) return;
    const request = runRequest.safeParse(await this.runs.findRequest(id));
    const settled = await this.canaryOf(request.data?.canary, { devices: await this.assignments.count(id) });
    if (settled !== null) await this.runs.settleCanary(id, settled);
  }
}
