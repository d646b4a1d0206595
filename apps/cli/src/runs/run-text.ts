import { type Run } from '@seedfleet/protocol';
import { sheetOf, tableOf } from '../terminal/printer.js';

const metricOf = (metric: number | null | undefined, digits: number) => metric?.toFixed(digits) ?? null;
const accuracyOf = (run: Run) => run.lastEvaluation === null ? null : run.lastEvaluation.accuracy.toFixed(4);

/** Runs, a line each. */
export function runTable(runs: Run[]): string {
  return tableOf({
    head: ['RUN', 'NAME', 'STATE', 'ROUND', 'DEVICES', 'ACCURACY', 'CREATED'],
    rows: runs.map((run) => [run.id, run.name, run.state, `${run.round}/${run.roundsMax}`, run.devices, accuracyOf(run), run.createdAt]),
    empty: 'No runs. Start one with `seedfleet runs start`.',
  });
}

/** One run, a line a property. */
export function runSheet(run: Run): string {
  return sheetOf({
    run: run.id, name: run.name, state: run.state, cause: run.cause, round: `${run.round} of ${run.roundsMax}`, ...(run.branch === null ? {} : { 'branch of': `run ${run.branch.run} after ${run.branch.round} rounds` }), model: run.model, devices: run.devices,
    accuracy: accuracyOf(run), loss: run.lastEvaluation?.loss.toFixed(4), 'macro F1': metricOf(run.lastEvaluation?.macroF1, 4), perplexity: metricOf(run.lastEvaluation?.perplexity, 2), created: run.createdAt, started: run.startedAt, ended: run.endedAt,
    manifest: run.manifestHash, 'last commit': run.headHash, 'state hash': run.stateHash,
  });
}
