import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { evaluationSeriesNames, limits, roundSeriesNames, type RunSeries, type SeriesName } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { RunRepository } from '../runs/run.repository.js';
import { MarkRepository } from './mark.repository.js';
import { roundCostOf } from './round-cost.js';
import { RoundStatistics } from './round-statistics.js';
import { RunDeviceCounts } from './run-device-counts.js';
import { SeriesRepository } from './series.repository.js';

/** The curves of a run as plots show them. */
@Injectable()
export class SeriesService {
  constructor(
    private readonly runs: RunRepository,
    private readonly series: SeriesRepository,
    private readonly marks: MarkRepository,
    private readonly devices: RunDeviceCounts,
    private readonly statistics: RoundStatistics,
  ) {}

  async show(run: number, { names, x, points, from = 0, to = limits.roundsMax }: InputOf<'showSeries'>['query']): Promise<RunSeries> {
    const signed = await this.runs.findManifest(run);
    if (signed === null) throw new FleetError('request.not-found', { field: 'id', problem: `There is no run ${run}.` });
    await this.statistics.settle();
    // Rounds are stored in 32 bits with a sign.
    const window = { run, x, points, from: Math.min(from, 2 ** 31 - 1), to: Math.min(to, 2 ** 31 - 1), cost: roundCostOf(signed.manifest), devices: await this.devices.inRun(run) };
    const rounds = chosen(roundSeriesNames, names);
    const evaluations = chosen(evaluationSeriesNames, names);
    return {
      x,
      rounds: rounds.length === 0 ? null : await this.series.rounds(window, rounds),
      evaluations: evaluations.length === 0 ? null : await this.series.evaluations(window, evaluations),
      marks: await this.marks.list(run),
    };
  }
}

const chosen = <N extends SeriesName>(known: readonly N[], names: readonly SeriesName[]): N[] => known.filter((name) => names.includes(name));
