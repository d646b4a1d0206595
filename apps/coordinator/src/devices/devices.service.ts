import { Injectable, type OnModuleInit } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { deviceActions, deviceStates, type BulkResult, type Device, type DeviceCount, type DeviceDetail, type DeviceState, type ResponseOf } from '@seedfleet/protocol';
import { deviceTransitions } from '@seedfleet/rounds';
import { type InputOf } from '../app/handles.js';
import { requireRevision, tagOf } from '../app/revisions.js';
import { requireChange, StateConflictError } from '../app/state-conflict-error.js';
import { AuditLog } from '../operators/audit-log.js';
import { requireActive } from './device-access.js';
import { DeviceFilters } from './device-filters.js';
import { DeviceRepository, type DeviceRow } from './device.repository.js';
import { CheckRepository } from './check.repository.js';
import { fixOf } from './device-calls.service.js';
import { DeviceTimeline } from './device-timeline.js';
import { KeyRepository } from './key.repository.js';
import { fingerprintOf } from './fingerprint.js';
import { Presence } from './presence.js';
import { TurnAway } from './turn-away.js';

/** What of a device a request may change: what its ETag is made of. Presence and figures come and go by themselves. */
export const deviceParts = ({ name, state, tags }: Pick<Device, 'name' | 'state' | 'tags'>): unknown => [name, state, tags];

const stateAfter = { approve: 'active', suspend: 'suspended', resume: 'active', revoke: 'revoked' } as const satisfies Record<(typeof deviceActions)[number], DeviceState>;

/** Where an action on a device leads, or null where it does not fit its state. Resuming must not let in a device that nobody has approved. */
function transitionOf(from: DeviceState, action: string): DeviceState | null {
  const known = deviceActions.find((candidate) => candidate === action);
  const to = known === undefined ? null : stateAfter[known];
  if (to === null || !deviceTransitions[from].some((next) => next === to)) return null;
  return to === 'active' && (action === 'approve') !== (from === 'pending') ? null : to;
}

function countOf(rows: { state: DeviceState; connected: boolean; count: number }[]): DeviceCount {
  const sum = (of: typeof rows) => of.reduce((total, { count }) => total + count, 0);
  const states = Object.fromEntries(deviceStates.map((state) => [state, sum(rows.filter((row) => row.state === state))])) as DeviceCount['states'];
  return { count: sum(rows), online: sum(rows.filter(({ connected }) => connected)), states };
}

/** Enrolled devices, as operators see and change them. */
@Injectable()
export class DevicesService implements OnModuleInit {
  constructor(
    private readonly repository: DeviceRepository,
    private readonly presence: Presence,
    private readonly turning: TurnAway,
    private readonly keys: KeyRepository,
    private readonly checks: CheckRepository,
    private readonly timeline: DeviceTimeline,
    private readonly filters: DeviceFilters,
    private readonly audit: AuditLog,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.repository.forgetPresence();
  }

  async page({ cursor, limit, state, filter = '' }: InputOf<'listDevices'>['query']): Promise<ResponseOf<'listDevices'>> {
    const where = await this.filters.where(filter);
    const rows = await this.repository.page({ after: cursor, limit, where: state === undefined ? where : { AND: [where, { state }] } });
    return { items: rows.map((row) => this.toDevice(row)), next: rows.length < limit ? null : rows.at(-1)?.id ?? null };
  }

  async show(id: string): Promise<Device> {
    return this.toDevice(await this.require(id));
  }

  /** Everything that is known of it. */
  async detail(id: string): Promise<DeviceDetail> {
    const row = await this.require(id);
    const [formerKeys, statement, lastError, checks] = await Promise.all([this.keys.former(id), this.repository.findStatement(id), this.timeline.lastError(id), this.checks.ofDevice(id)]);
    return {
      ...this.toDevice(row), keySince: (row.keySince ?? row.enrolledAt).toISOString(), checks,
      formerKeys: formerKeys.map(({ publicKey, since, until, cause }) => ({ fingerprint: fingerprintOf(publicKey), since: since.toISOString(), until: until.toISOString(), cause: cause === 'rotated' ? 'rotated' : 're-enrolled' })),
      statement: statement === null ? null : { ...statement, at: statement.at.toISOString() },
      lastError: lastError === null ? null : { ...lastError, fix: fixOf(lastError.code) },
    };
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

  async count({ filter }: InputOf<'countDevices'>['query']): Promise<DeviceCount> {
    return countOf(await this.repository.count(await this.filters.where(filter)));
  }

  /** @param expected the ETag that the caller saw @throws FleetError `request.stale` */
  async changeTags(operator: string, id: string, { tags }: InputOf<'changeDeviceTags'>['body'], expected: string | null): Promise<Device> {
    await this.require(id);
    const sorted = [...tags].sort();
    await this.audit.change(async (tx, record) => {
      const before = await this.repository.find(id, tx);
      requireRevision(expected, before === null ? null : tagOf(deviceParts(before)));
      await this.repository.saveTags(id, sorted, tx);
      await record({ actor: operator, action: 'device.tag', subject: id, detail: { tags: sorted.join(' ') } });
    });
    return this.show(id);
  }

  /**
   * All or nothing: devices that the action does not fit stay as they are and are named.
   * @throws FleetError `devices.others-meant` if the filter means other than `expected` devices
   */
  async changeMany(operator: string, { filter, action, tag, expected }: InputOf<'changeDevices'>['body']): Promise<BulkResult> {
    const where = await this.filters.where(filter);
    const { changed, unchanged, turnedAway } = await this.audit.change(async (tx, record) => {
      const meant = await this.repository.findAll(where, tx);
      if (meant.length !== expected) throw new FleetError('devices.others-meant', { field: 'expected', problem: `The filter means ${meant.length} devices now, not ${expected}.` });
      const fits = meant.filter((device) => (tag === undefined ? transitionOf(device.state, action) !== null : device.tags.includes(tag) === (action === 'remove-tag')));
      const away: { id: string; state: DeviceState }[] = [];
      if (tag !== undefined) {
        for (const { id, tags } of fits) await this.repository.saveTags(id, action === 'add-tag' ? [...tags, tag].sort() : tags.filter((word) => word !== tag), tx);
      } else {
        for (const from of deviceStates) {
          const devices = fits.filter(({ state }) => state === from);
          const to = transitionOf(from, action);
          if (devices.length === 0) continue;
          if (to === null || await this.repository.changeStates(devices.map(({ id }) => id), { from, to }, tx) !== devices.length) {
            throw new FleetError('device.changed', { field: 'filter', problem: 'Somebody else changed one of the devices meanwhile.' });
          }
          if (to !== 'active') away.push(...devices.map(({ id }) => ({ id, state: to })));
        }
      }
      await record({ actor: operator, action: 'devices.change', subject: filter === '' ? 'all' : filter, detail: { action, ...(tag === undefined ? {} : { tag }), changed: fits.length } });
      const fitting = new Set(fits);
      return { changed: fits.length, unchanged: meant.filter((device) => !fitting.has(device)), turnedAway: away };
    });
    for (const { id, state } of turnedAway) this.turnAway(id, state);
    return { changed, unchanged: unchanged.map(({ id, name, state }) => ({ id, name, state })) };
  }

  private turnAway(id: string, state: DeviceState): void {
    try {
      requireActive({ state });
    } catch (error) {
      this.turning.away(id, error);
    }
  }

  private async require(id: string): Promise<DeviceRow> {
    const row = await this.repository.find(id);
    if (row === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such device.' });
    return row;
  }

  private toDevice({ id, replicaId, name, publicKey, state, workerVersion, platform, enrolledAt, lastSeenAt, tags, threads, memoryMegabytes, forwardMs, peakMegabytes, clonedAt }: DeviceRow): Device {
    return {
      id, name, state, online: this.presence.isOnline(id) || replicaId !== null, fingerprint: fingerprintOf(publicKey), workerVersion, platform,
      lastSeenAt: lastSeenAt?.toISOString() ?? null, enrolledAt: enrolledAt.toISOString(), tags, threads, memoryMegabytes, forwardMs, peakMegabytes,
      clonedAt: clonedAt?.toISOString() ?? null,
    };
  }
}
