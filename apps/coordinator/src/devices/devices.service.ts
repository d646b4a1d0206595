import { Injectable } from '@nestjs/common';
import { FleetError, toRefusal } from '@seedfleet/errors';
import { sha256, toHex } from '@seedfleet/ledger';
import { type Device, type deviceActions, type DeviceState, type ResponseOf } from '@seedfleet/protocol';
import { deviceTransitions } from '@seedfleet/rounds';
import { type InputOf } from '../app/handles.js';
import { requireChange, StateConflictError } from '../app/state-conflict-error.js';
import { AuditLog } from '../operators/audit-log.js';
import { requireActive } from './device-access.js';
import { DeviceRepository, type DeviceRow } from './device.repository.js';
import { Presence } from './presence.js';

/** The fingerprint that device and operator compare: SHA-256 of the public key in groups of four digits. */
export function fingerprintOf(publicKey: Uint8Array): string {
  return toHex(sha256(publicKey)).slice(0, 32).match(/.{4}/g)?.join('-') ?? '';
}

const stateAfter = { approve: 'active', suspend: 'suspended', resume: 'active', revoke: 'revoked' } as const satisfies Record<(typeof deviceActions)[number], DeviceState>;

/** Enrolled devices, as operators see and change them. */
@Injectable()
export class DevicesService {
  constructor(private readonly repository: DeviceRepository, private readonly presence: Presence, private readonly audit: AuditLog) {}

  async page({ cursor, limit, state }: InputOf<'listDevices'>['query']): Promise<ResponseOf<'listDevices'>> {
    const rows = await this.repository.page({ after: cursor, limit, state });
    return { items: rows.map((row) => this.toDevice(row)), next: rows.length < limit ? null : rows.at(-1)?.id ?? null };
  }

  async show(id: string): Promise<Device> {
    return this.toDevice(await this.require(id));
  }

  /** A revoked or suspended device is told why and disconnected. @throws FleetError `state.transition` */
  async change(operator: string, id: string, action: (typeof deviceActions)[number]): Promise<Device> {
    const { state: from } = await this.require(id);
    const to = stateAfter[action];
    requireChange(deviceTransitions, from, to);
    // Both lead to active: resuming must not let in a device that nobody has approved.
    if ((action === 'approve') !== (from === 'pending') && to === 'active') {
      throw new StateConflictError(from, `A device that is ${from} cannot be ${action}d.`);
    }
    await this.audit.change(async (tx, record) => {
      if (!await this.repository.changeState(id, { from, to }, tx)) throw new FleetError('device.changed', { field: 'id', problem: 'Somebody else changed the device meanwhile.' });
      await record({ actor: operator, action: 'device.change', subject: id, detail: { from, to } });
    });
    if (to !== 'active') this.turnAway(id, to);
    return this.show(id);
  }

  private turnAway(id: string, state: DeviceState): void {
    for (const socket of this.presence.all()) {
      if (socket.data.device !== id) continue;
      try {
        requireActive({ state });
      } catch (error) {
        socket.emit('session:refused', { error: toRefusal(error) });
      }
      socket.disconnect(true);
    }
  }

  private async require(id: string): Promise<DeviceRow> {
    const row = await this.repository.find(id);
    if (row === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such device.' });
    return row;
  }

  private toDevice({ id, name, publicKey, state, workerVersion, platform, enrolledAt, lastSeenAt }: DeviceRow): Device {
    return {
      id, name, state, online: this.presence.isOnline(id), fingerprint: fingerprintOf(publicKey), workerVersion, platform,
      lastSeenAt: lastSeenAt?.toISOString() ?? null, enrolledAt: enrolledAt.toISOString(),
    };
  }
}
