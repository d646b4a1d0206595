import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type ResponseOf, type TimelineEntry } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { Clock } from '../app/surroundings.js';
import { ConnectionRepository } from './connection.repository.js';
import { DeviceRepository } from './device.repository.js';
import { TimelineRepository, type DeviceChange } from './timeline.repository.js';

type Kind = TimelineEntry['kind'];

const kindOf: Readonly<Record<string, Kind>> = {
  'device.enrol': 'enrolled', 'device.tag': 'tagged', 'device.rotate-key': 'key-rotated', 'device.ask-rotation': 'key-rotation-asked',
  'device.re-enrol': 're-enrolment-offered', 'device.return': 're-enrolled', 'device.cloned': 'cloned',
};
const kindOfState: Readonly<Record<string, Kind>> = { suspended: 'suspended', revoked: 'revoked' };

/** What happened to a device and came of it, from what is stored anyway: audit entries, connections, reports, runs, its last error. */
@Injectable()
export class DeviceTimeline {
  constructor(
    private readonly devices: DeviceRepository,
    private readonly connections: ConnectionRepository,
    private readonly repository: TimelineRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws FleetError `request.not-found`, `request.invalid` for a cursor that is none */
  async page(id: string, { cursor, limit }: InputOf<'listDeviceTimeline'>['query']): Promise<ResponseOf<'listDeviceTimeline'>> {
    const device = await this.devices.find(id);
    if (device === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such device.' });
    const before = cursor === undefined ? new Date(this.clock.nowMs() + 1) : new Date(Number(cursor));
    if (Number.isNaN(before.getTime())) throw new FleetError('request.invalid', { field: 'cursor', problem: 'The cursor is none of this list.' });
    const all = newestFirst([...await this.stored(id, { before, limit: limit + 1 }), ...(await this.logged(id)).filter(({ at }) => at < before.toISOString())]);
    const last = all[limit - 1];
    // Entries of one instant stay on one page: the cursor is a time.
    const items = last === undefined ? all : all.filter((entry, place) => place < limit || entry.at === last.at);
    return { items, next: items.length < all.length ? String(Date.parse(items.at(-1)?.at ?? '')) : null };
  }

  /** The last thing that went wrong there: in its own log as far as it is known here, or in a run that it could not take part in. */
  async lastError(id: string): Promise<{ at: string; code: string; run: number | null } | null> {
    const failed = (await this.repository.leftRuns(id, { before: new Date(this.clock.nowMs() + 1), limit: 10 }))
      .flatMap(({ at, run, state, cause }) => {
        const code = state === 'failed' ? codeOf(cause) : null;
        return code === null ? [] : [{ at: at.toISOString(), code, run }];
      });
    const logged = (await this.logged(id)).map(({ at, code, run }) => ({ at, code: code ?? '', run }));
    return [...logged, ...failed].sort((a, b) => (a.at < b.at ? 1 : -1))[0] ?? null;
  }

  private async stored(id: string, page: { before: Date; limit: number }): Promise<TimelineEntry[]> {
    const [changes, connections, reports, left] = await Promise.all([
      this.repository.changes(id, page), this.connections.ends(id, page), this.repository.reports(id, page), this.repository.leftRuns(id, page),
    ]);
    return [
      ...changes.flatMap((change) => {
        const kind = kindOfChange(change);
        return kind === undefined ? [] : [entry(change.at, kind)];
      }),
      ...connections.map(({ at, kind }) => entry(at, kind)),
      ...reports.map(({ at, ...counted }) => entry(at, 'reported', counted)),
      ...left.map(({ at, run, state, cause }) => entry(at, state === 'failed' ? 'run-failed' : 'run-left', { run, code: codeOf(cause) })),
    ];
  }

  private async logged(id: string): Promise<TimelineEntry[]> {
    const error = await this.devices.findLastError(id);
    return error === null ? [] : [entry(new Date(error.atMs), 'error', { code: error.code, run: error.run ?? null })];
  }
}

function kindOfChange({ action, from, to }: DeviceChange): Kind | undefined {
  if (action !== 'device.change') return kindOf[action];
  if (to === 'active') return from === 'pending' ? 'approved' : 'resumed';
  return to === null ? undefined : kindOfState[to];
}

/** The code at the start of a cause such as `model.not-onnx: ...`. */
function codeOf(cause: string | null): string | null {
  return /^[a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*(?=:|$)/.exec(cause ?? '')?.[0] ?? null;
}

function entry(at: Date, kind: Kind, rest: Partial<Omit<TimelineEntry, 'at' | 'kind'>> = {}): TimelineEntry {
  return { at: at.toISOString(), kind, run: null, firstRound: null, lastRound: null, reports: null, code: null, ...rest };
}

function newestFirst(entries: TimelineEntry[]): TimelineEntry[] {
  return entries.sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? 1 : -1));
}
