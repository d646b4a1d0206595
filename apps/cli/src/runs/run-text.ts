import { type Run, type RunPreview } from '@seedfleet/protocol';
import { bytesText, sheetOf, tableOf } from '../terminal/printer.js';

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
    ...(run.group === null ? {} : { group: `${run.group.name}, ${run.group.membership}` }), ...(run.canary === null ? {} : { canary: canaryText(run.canary) }), ...(run.budget === null ? {} : { budget: budgetText(run.budget) }),
    accuracy: accuracyOf(run), loss: run.lastEvaluation?.loss.toFixed(4), 'macro F1': metricOf(run.lastEvaluation?.macroF1, 4), perplexity: metricOf(run.lastEvaluation?.perplexity, 2), created: run.createdAt, started: run.startedAt, ended: run.endedAt,
    manifest: run.manifestHash, 'last commit': run.headHash, 'state hash': run.stateHash,
  });
}

function canaryText({ stage, rounds, devices, cause, asked, departed }: NonNullable<Run['canary']>): string {
  return `${stage}: ${rounds} rounds on ${devices} devices, ${departed} of ${asked} asked left or stayed silent${cause === null ? '' : `; ${cause}`}`;
}

function budgetText({ scalars, scalarsSpent, hours, hoursSpent }: NonNullable<Run['budget']>): string {
  return [...(scalars === null ? [] : [`${scalarsSpent} of ${scalars} scalars`]), ...(hours === null ? [] : [`${hoursSpent.toFixed(2)} of ${hours} hours`])].join(', ');
}

/** What a run would be and cost, a line a property. */
export function previewSheet({ devices, online, cost, measured, manifest }: RunPreview): string {
  return `${sheetOf({
    devices: `${devices}, ${online} of them online`, 'scalars a report': cost.scalarsPerReport, 'bytes a report': `${cost.bytesPerReport} B, both ways`, reports: cost.reports, 'bytes in all': bytesText(cost.bytes),
    'values trained': cost.values, time: cost.minutes === null ? 'unknown: no device has measured a step yet' : `${cost.minutes.toFixed(1)} minutes at ${measured.stepMsP90?.toFixed(0) ?? '-'} ms a step, as 9 of 10 of ${measured.devices} devices measured at most on the run that they prepared last`,
  })}\n\n${JSON.stringify(manifest, null, 2)}`;
}
