import { Injectable } from '@nestjs/common';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { encodeLog, toHex, type SignedManifest } from '@seedfleet/ledger';
import { assignmentStates, type Evaluation, type ResponseOf, type Run } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { Clock } from '../app/surroundings.js';
import { ArtifactRepository } from '../rounds/artifact.repository.js';
import { CommitRepository } from '../rounds/commit.repository.js';
import { EvaluationRepository } from '../rounds/evaluation.repository.js';
import { RoundRepository } from '../rounds/round.repository.js';
import { AssignmentRepository } from './assignment.repository.js';
import { metricsOf } from './evaluation-metrics.js';
import { RunFigures } from './run-figures.repository.js';
import { RunRepository, type RunRow } from './run.repository.js';
import { runView } from './run-view.js';

/** Devices so many rounds behind or more are counted together. */
const lagMax = 10;
const logPage = { countMax: 1_000, bytesMax: 4_194_304 };

/** What a run shows of itself. Reads only. */
@Injectable()
export class RunViews {
  constructor(
    private readonly runRows: RunRepository,
    private readonly figures: RunFigures,
    private readonly assignmentRows: AssignmentRepository,
    private readonly roundRows: RoundRepository,
    private readonly commits: CommitRepository,
    private readonly evaluationRows: EvaluationRepository,
    private readonly artifactRows: ArtifactRepository,
    private readonly clock: Clock,
  ) {}

  async run(row: RunRow): Promise<Run> {
    const [run] = await this.runs([row]);
    if (run === undefined) throw new InvariantError(`run ${row.id} has no view`);
    return run;
  }

  /** However many there are, by the same few statements. */
  async runs(rows: readonly RunRow[]): Promise<Run[]> {
    const figures = await this.figures.find(rows.map(({ id }) => id));
    const reports = await this.runRows.countReports(rows.filter(({ budget }) => budget !== null).map(({ id }) => id));
    const now = this.clock.now();
    return rows.map((row) => {
      const found = figures.get(row.id);
      if (found === undefined) throw new InvariantError(`run ${row.id} has no figures`);
      return runView(row, { ...found, reports: reports.get(row.id) ?? 0, now });
    });
  }

  async manifest(id: number): Promise<SignedManifest> {
    const signed = await this.runRows.findManifest(id);
    if (signed === null) throw notFound(id);
    return signed;
  }

  /** The log in pages, so that a long one is never whole in memory. */
  async *log(id: number, from: number): AsyncGenerator<Uint8Array> {
    for (let round = from; ;) {
      const page = await this.commits.tail({ run: id, from: round, ...logPage });
      if (page.length === 0) return;
      yield encodeLog(page);
      round += page.length;
    }
  }

  /** @param round the newest if it is not said */
  async checkpoint(id: number, round?: number): Promise<Uint8Array> {
    const body = await (round === undefined ? this.artifactRows.readNewestCheckpoint(id) : this.artifactRows.readCheckpoint(id, round));
    if (body === null) throw new FleetError('request.not-found', { field: 'id', problem: round === undefined ? `Run ${id} has no checkpoint yet.` : `Run ${id} has no checkpoint of round ${round}.` });
    return body;
  }

  async rounds(id: number, { cursor, limit }: InputOf<'listRounds'>['query']): Promise<ResponseOf<'listRounds'>> {
    await this.requireRun(id);
    const rows = await this.roundRows.page({ run: id, before: cursor === undefined ? undefined : parseCursor(cursor), limit });
    const last = rows.at(-1);
    return {
      items: rows.map(({ commit, openedAt, endedAt, ...row }) => ({
        ...row, openedAt: openedAt.toISOString(), endedAt: endedAt?.toISOString() ?? null, learningRate: commit?.learningRate ?? null,
        coefficientRms: commit?.coefficientRms ?? null, stateHash: commit === null ? null : toHex(commit.stateHash),
      })),
      next: rows.length < limit || last === undefined ? null : `${last.round}.${last.attempt}`,
    };
  }

  async evaluations(id: number): Promise<{ items: Evaluation[] }> {
    const run = await this.requireRun(id);
    return { items: (await this.evaluationRows.list(id)).map((row) => ({ ...metricsOf(row, run), devices: row.devices, at: row.at.toISOString() })) };
  }

  async assignments(id: number, { cursor, limit }: InputOf<'listAssignments'>['query']): Promise<ResponseOf<'listAssignments'>> {
    await this.requireRun(id);
    const items = await this.assignmentRows.page(id, { after: cursor, limit });
    return { items, next: items.length < limit ? null : items.at(-1)?.device ?? null };
  }

  async assignmentSummary(id: number): Promise<ResponseOf<'summariseAssignments'>> {
    const { round: head } = await this.requireRun(id);
    const rows = await this.assignmentRows.tally(id);
    const sum = (of: typeof rows) => of.reduce((total, { devices }) => total + devices, 0);
    const ready = rows.filter(({ state }) => state === 'ready');
    const states = Object.fromEntries(assignmentStates.map((state) => [state, sum(rows.filter((row) => row.state === state))])) as ResponseOf<'summariseAssignments'>['states'];
    const lags = Array.from({ length: lagMax + 1 }, (_, rounds) => ({ rounds, devices: sum(ready.filter(({ round }) => Math.min(lagMax, Math.max(0, head - round)) === rounds)) }));
    return { devices: sum(rows), states, behind: lags.filter(({ devices }) => devices > 0) };
  }

  async artifacts(id: number): Promise<ResponseOf<'listArtifacts'>> {
    await this.requireRun(id);
    return { items: (await this.artifactRows.list(id)).map(({ sha256, ...row }) => ({ ...row, sha256: toHex(sha256) })) };
  }

  async artifactBody(id: string): Promise<Uint8Array> {
    const body = await this.artifactRows.readBody(id);
    if (body === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such artifact.' });
    return body;
  }

  private async requireRun(id: number): Promise<RunRow> {
    const run = await this.runRows.find(id);
    if (run === null) throw notFound(id);
    return run;
  }
}

function parseCursor(cursor: string): { round: number; attempt: number } {
  const [round, attempt] = cursor.split('.').map(Number);
  if (!Number.isSafeInteger(round) || !Number.isSafeInteger(attempt)) throw new FleetError('request.invalid', { field: 'cursor', problem: 'The cursor is none of this list.' });
  return { round: round as number, attempt: attempt as number };
}

function notFound(id: number): FleetError {
  return new FleetError('request.not-found', { field: 'id', problem: `There is no run ${id}.` });
}
