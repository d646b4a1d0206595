import { Injectable } from '@nestjs/common';
import { commitPacketBytes, reporterBytes, type RunPreview } from '@seedfleet/protocol';
import { type Manifest } from '@seedfleet/ledger';
import { type InputOf } from '../app/handles.js';
import { Clock } from '../app/surroundings.js';
import { toHex } from '@seedfleet/ledger';
import { DeviceRepository } from '../devices/device.repository.js';
import { GroupMembers } from '../groups/group-members.js';
import { KeyRing } from '../keys/key-ring.js';
import { ModelsService } from '../models/models.service.js';
import { manifestOf } from './manifest-of-request.js';

/** What a run would be and cost. Makes nothing. */
@Injectable()
export class RunPreviews {
  constructor(private readonly models: ModelsService, private readonly devices: DeviceRepository, private readonly groups: GroupMembers, private readonly keys: KeyRing, private readonly clock: Clock) {}

  /** @throws FleetError what making the run would be refused with */
  async preview(request: InputOf<'createRun'>['body']): Promise<RunPreview> {
    const model = await this.models.requireReady(request.model);
    const { group, devices: listed } = request;
    const meant = group === undefined ? { AND: [{ state: 'active' }, listed === undefined ? {} : { id: { in: [...listed] } }] } : await this.groups.whereIn(group.id);
    const { devices, online, measured, median, p90 } = await this.devices.measure(meant);
    // A run of its number would have another name in the bytes that are signed; nothing else depends on it.
    const manifest = manifestOf({ run: 1, createdAt: this.clock.now(), coordinatorKey: toHex(this.keys.publicKey), runKey: '00'.repeat(32), request, model });
    const { run: _run, createdAt: _at, runKey: _key, ...shown } = manifest;
    return { devices, online, measured: { devices: measured, stepMsMedian: median, stepMsP90: p90 }, cost: costOf(manifest, { devices, stepMs: p90 }), manifest: shown };
  }
}

/** @param stepMs of the slower devices, null while nobody has measured one */
export function costOf({ estimator, policy, adapter }: Pick<Manifest, 'estimator' | 'policy' | 'adapter'>, { devices, stepMs }: { devices: number; stepMs: number | null }): RunPreview['cost'] {
  const reporters = Math.min(policy.cohort, devices);
  const { down, up } = reporterBytes(estimator);
  const reports = policy.roundsMax * reporters;
  return {
    scalarsPerReport: estimator.queries, bytesPerReport: down + up, reports,
    bytes: reports * (down + up) + policy.roundsMax * (devices - reporters) * commitPacketBytes(estimator),
    values: adapter.sites.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0),
    minutes: stepMs === null ? null : (policy.roundsMax * stepMs) / 60_000,
  };
}
