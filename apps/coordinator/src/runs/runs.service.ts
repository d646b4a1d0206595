import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { encodeManifest, signManifest, toHex } from '@seedfleet/ledger';
import { type ResponseOf, type Run, type RunState } from '@seedfleet/protocol';
import { requireTransition, runTransitions } from '@seedfleet/rounds';
import { type InputOf } from '../app/handles.js';
import { Clock, Luck } from '../app/surroundings.js';
import { DeviceRepository } from '../devices/device.repository.js';
import { KeyRing } from '../keys/key-ring.js';
import { ModelsService } from '../models/models.service.js';
import { AuditLog } from '../operators/audit-log.js';
import { RunLoops } from '../rounds/run-loops.js';
import { AssignmentsService } from './assignments.service.js';
import { manifestOf } from './manifest-of-request.js';
import { RunRepository, type RunRow } from './run.repository.js';
import { RunViews } from './run-views.js';

/** What operators do with runs. How a run goes on is its loop's matter. */
@Injectable()
export class RunsService {
  constructor(
    private readonly repository: RunRepository,
    private readonly views: RunViews,
    private readonly loops: RunLoops,
    private readonly assignments: AssignmentsService,
    private readonly models: ModelsService,
    private readonly devices: DeviceRepository,
    private readonly audit: AuditLog,
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  async create(operator: string, request: InputOf<'createRun'>['body']): Promise<Run> {
    const model = await this.models.requireReady(request.model);
    const devices = await this.chooseDevices(request.devices);
    const at = this.clock.now();
    const runKey = toHex(this.luck.bytes(32));
    const id = await this.repository.create({
      name: request.name, model: model.id, everyDevice: request.devices === undefined, devices, at,
      sign: (run) => {
        const manifest = manifestOf({ run, createdAt: at, coordinatorKey: toHex(this.keys.publicKey), runKey, request, model });
        return { signed: signManifest(manifest, this.keys.privateKey), canonical: encodeManifest(manifest) };
      },
    });
    await this.audit.record({ actor: operator, action: 'run.create', subject: String(id), detail: { name: request.name, devices: devices.length } });
    return request.start ? this.start(operator, id) : this.views.run(await this.require(id));
  }

  async start(operator: string, id: number): Promise<Run> {
    const { state } = await this.require(id);
    requireTransition(runTransitions, state, 'queued');
    await this.change(operator, id, { from: ['draft'], to: 'running' });
    await this.loops.takeUp(id);
    void this.assignments.offerToAll(id);
    return this.show(id);
  }

  /** The open round runs to its end first; the state says so when it is done. */
  async pause(operator: string, id: number): Promise<Run> {
    requireTransition(runTransitions, (await this.require(id)).state, 'paused');
    await this.loops.require(id).input({ type: 'pause' });
    await this.audit.record({ actor: operator, action: 'run.pause', subject: String(id) });
    return this.show(id);
  }

  async resume(operator: string, id: number): Promise<Run> {
    requireTransition(runTransitions, (await this.require(id)).state, 'running');
    const loop = this.loops.require(id);
    await this.change(operator, id, { from: ['paused'], to: 'running' });
    await loop.input({ type: 'resume' });
    return this.show(id);
  }

  async stop(operator: string, id: number): Promise<Run> {
    const { state } = await this.require(id);
    requireTransition(runTransitions, state, 'cancelled');
    if (state === 'draft') {
      await this.change(operator, id, { from: ['draft'], to: 'cancelled' });
    } else {
      await this.loops.require(id).input({ type: 'stop', cause: `stopped by ${operator}` });
      await this.audit.record({ actor: operator, action: 'run.stop', subject: String(id) });
    }
    return this.show(id);
  }

  /** Where a file of the run's model is on the disk. @throws FleetError `request.not-found`, `model.file-unknown` */
  async locateFile(id: number, path: string): Promise<string> {
    return this.models.locate((await this.require(id)).model, path);
  }

  async show(id: number): Promise<Run> {
    return this.views.run(await this.require(id));
  }

  async page({ cursor, limit, state }: InputOf<'listRuns'>['query']): Promise<ResponseOf<'listRuns'>> {
    const before = cursor === undefined ? undefined : Number(cursor);
    if (before !== undefined && !Number.isSafeInteger(before)) throw new FleetError('request.invalid', { field: 'cursor', problem: 'The cursor is none of this list.' });
    const rows = await this.repository.page({ before, limit, state });
    const last = rows.at(-1);
    return { items: await Promise.all(rows.map((row) => this.views.run(row))), next: rows.length < limit || last === undefined ? null : String(last.id) };
  }

  private async chooseDevices(wanted: readonly string[] | undefined): Promise<string[]> {
    const active = await this.devices.findActiveIds();
    if (wanted === undefined) return active;
    const known = new Set(active);
    const missing = wanted.find((device) => !known.has(device));
    if (missing !== undefined) throw new FleetError('run.no-devices', { field: 'devices', problem: `The device ${missing} is not an active one.` });
    return [...new Set(wanted)];
  }

  private async change(operator: string, id: number, { from, to }: { from: RunState[]; to: RunState }): Promise<void> {
    if (!await this.repository.changeState(id, { from, to, cause: null, at: this.clock.now() })) {
      throw new FleetError('state.transition', { field: 'state', problem: `Somebody else changed run ${id} meanwhile.` });
    }
    await this.audit.record({ actor: operator, action: 'run.change', subject: String(id), detail: { to } });
  }

  private async require(id: number): Promise<RunRow> {
    const row = await this.repository.find(id);
    if (row === null) throw new FleetError('request.not-found', { field: 'id', problem: `There is no run ${id}.` });
    return row;
  }
}
