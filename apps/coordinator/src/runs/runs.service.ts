import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { parseFilter, runFilterFields, type ResponseOf, type Run, type RunState } from '@seedfleet/protocol';
import { runTransitions } from '@seedfleet/rounds';
import { type InputOf } from '../app/handles.js';
import { requireChange, StateConflictError } from '../app/state-conflict-error.js';
import { Clock } from '../app/surroundings.js';
import { AuditLog } from '../operators/audit-log.js';
import { RunLoops } from '../rounds/run-loops.js';
import { AssignmentsService } from './assignments.service.js';
import { RunBranching } from './run-branching.js';
import { RunCreation } from './run-creation.js';
import { runWhere } from './run-filter.js';
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
    private readonly creation: RunCreation,
    private readonly branching: RunBranching,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  async create(operator: string, request: InputOf<'createRun'>['body']): Promise<Run> {
    const id = await this.creation.create(operator, request);
    return request.start ? this.start(operator, id) : this.show(id);
  }

  async branch(operator: string, parent: number, request: InputOf<'branchRun'>['body']): Promise<Run> {
    const id = await this.branching.branch(operator, await this.require(parent), request);
    return request.start ? this.start(operator, id) : this.show(id);
  }

  async start(operator: string, id: number): Promise<Run> {
    const { state } = await this.require(id);
    requireChange(runTransitions, state, 'queued');
    await this.change(operator, id, { from: ['draft'], to: 'running' });
    await this.loops.takeUp(id);
    void this.assignments.offerToAll(id);
    return this.show(id);
  }

  /** The open round runs to its end first; the state says so when it is done. */
  async pause(operator: string, id: number): Promise<Run> {
    requireChange(runTransitions, (await this.require(id)).state, 'paused');
    await this.loops.require(id).input({ type: 'pause' });
    await this.audit.record({ actor: operator, action: 'run.pause', subject: String(id) });
    return this.show(id);
  }

  async resume(operator: string, id: number): Promise<Run> {
    requireChange(runTransitions, (await this.require(id)).state, 'running');
    const loop = this.loops.require(id);
    await this.change(operator, id, { from: ['paused'], to: 'running' });
    await loop.input({ type: 'resume' });
    return this.show(id);
  }

  async stop(operator: string, id: number): Promise<Run> {
    const { state } = await this.require(id);
    requireChange(runTransitions, state, 'cancelled');
    if (state === 'draft') {
      await this.change(operator, id, { from: ['draft'], to: 'cancelled' });
    } else {
      await this.loops.require(id).input({ type: 'stop', cause: `stopped by ${operator}` });
      await this.audit.record({ actor: operator, action: 'run.stop', subject: String(id) });
    }
    return this.show(id);
  }

  async show(id: number): Promise<Run> {
    return this.views.run(await this.require(id));
  }

  async page({ cursor, limit, state, filter = '' }: InputOf<'listRuns'>['query']): Promise<ResponseOf<'listRuns'>> {
    const before = cursor === undefined ? undefined : Number(cursor);
    if (before !== undefined && !Number.isSafeInteger(before)) throw new FleetError('request.invalid', { field: 'cursor', problem: 'The cursor is none of this list.' });
    const rows = await this.repository.page({ before, limit, where: { AND: [runWhere(parseFilter(filter, runFilterFields), this.clock.now()), state === undefined ? {} : { state }] } });
    const last = rows.at(-1);
    return { items: await Promise.all(rows.map((row) => this.views.run(row))), next: rows.length < limit || last === undefined ? null : String(last.id) };
  }

  private async change(operator: string, id: number, { from, to }: { from: RunState[]; to: RunState }): Promise<void> {
    const changed = await this.audit.change(async (tx, record) => {
      if (!await this.repository.changeState(id, { from, to, cause: null, at: this.clock.now() }, tx)) return false;
      await record({ actor: operator, action: 'run.change', subject: String(id), detail: { to } });
      return true;
    });
    if (!changed) throw new StateConflictError((await this.require(id)).state, `Somebody else changed run ${id} meanwhile.`);
  }

  private async require(id: number): Promise<RunRow> {
    const row = await this.repository.find(id);
    if (row === null) throw new FleetError('request.not-found', { field: 'id', problem: `There is no run ${id}.` });
    return row;
  }
}
