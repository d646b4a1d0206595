import { Injectable } from '@nestjs/common';
import { FleetError, toRefusal } from '@seedfleet/errors';
import { parseFilter, runFilterFields, runRequest, type ResponseOf, type Run, type RunState } from '@seedfleet/protocol';
import { runTransitions } from '@seedfleet/rounds';
import { type InputOf } from '../app/handles.js';
import { requireChange, StateConflictError } from '../app/state-conflict-error.js';
import { Clock } from '../app/surroundings.js';
import { AuditLog } from '../operators/audit-log.js';
import { RunDesk } from '../rounds/run-desk.js';
import { RunBranching } from './run-branching.js';
import { RunCreation } from './run-creation.js';
import { RunPlans } from './run-plans.js';
import { RunStarter } from './run-starter.js';
import { runWhere } from './run-filter.js';
import { RunRepository, type RunRow } from './run.repository.js';
import { RunViews } from './run-views.js';

/** What operators do with runs. How a run goes on is its loop's matter. */
@Injectable()
export class RunsService {
  constructor(
    private readonly repository: RunRepository,
    private readonly views: RunViews,
    private readonly desk: RunDesk,
    private readonly creation: RunCreation,
    private readonly branching: RunBranching,
    private readonly starter: RunStarter,
    private readonly plans: RunPlans,
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
    const row = await this.require(id);
    // What is held up already starts by itself; only a draft is started by hand.
    if (row.state !== 'draft') requireChange({ ...runTransitions, scheduled: [], queued: [] }, row.state, 'queued');
    await this.starter.start(operator, row);
    return this.show(id);
  }

  /** The open round runs to its end first; the state says so when it is done. */
  async pause(operator: string, id: number): Promise<Run> {
    requireChange(runTransitions, (await this.require(id)).state, 'paused');
    await this.order(operator, id, { type: 'pause' });
    return this.show(id);
  }

  async resume(operator: string, id: number): Promise<Run> {
    requireChange(runTransitions, (await this.require(id)).state, 'running');
    this.desk.requireLed(id);
    await this.change(operator, id, { from: ['paused'], to: 'running' });
    await this.desk.command(id, { type: 'resume' });
    return this.show(id);
  }

  async stop(operator: string, id: number): Promise<Run> {
    const { state } = await this.require(id);
    requireChange(runTransitions, state, 'cancelled');
    const cause = `stopped by ${operator}`;
    if (state === 'running' || state === 'paused') await this.order(operator, id, { type: 'stop', cause });
    else await this.change(operator, id, { from: [state], to: 'cancelled', cause: state === 'draft' ? null : cause });
    return this.show(id);
  }

  async show(id: number): Promise<Run> {
    return this.views.run(await this.require(id));
  }

  async requestOf(id: number): Promise<ResponseOf<'showRunRequest'>> {
    return runRequest.parse(await this.plans.requestOf(await this.require(id)));
  }

  async page({ cursor, limit, state, filter = '' }: InputOf<'listRuns'>['query']): Promise<ResponseOf<'listRuns'>> {
    const before = cursor === undefined ? undefined : Number(cursor);
    if (before !== undefined && !Number.isSafeInteger(before)) throw new FleetError('request.invalid', { field: 'cursor', problem: 'The cursor is none of this list.' });
    const rows = await this.repository.page({ before, limit, where: { AND: [runWhere(parseFilter(filter, runFilterFields), this.clock.now()), state === undefined ? {} : { state }] } });
    const last = rows.at(-1);
    return { items: await this.views.runs(rows), next: rows.length < limit || last === undefined ? null : String(last.id) };
  }

  /**
   * What a run that goes on is told. The entry comes first: a coordinator that is killed in between leaves an order that was not carried out, never
   * a change that nobody ordered. One that the run refuses is entered too.
   */
  private async order(operator: string, id: number, input: { type: 'pause' } | { type: 'stop'; cause: string }): Promise<void> {
    this.desk.requireLed(id);
    const action = `run.${input.type}`;
    await this.audit.record({ actor: operator, action, subject: String(id) });
    try {
      await this.desk.command(id, input);
    } catch (error) {
      await this.audit.record({ actor: operator, action: `${action}-refused`, subject: String(id), detail: { code: toRefusal(error).code } });
      throw error;
    }
  }

  private async change(operator: string, id: number, { from, to, cause = null }: { from: RunState[]; to: RunState; cause?: string | null }): Promise<void> {
    const changed = await this.audit.change(async (tx, record) => {
      if (!await this.repository.changeState(id, { from, to, cause, at: this.clock.now() }, tx)) return false;
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
