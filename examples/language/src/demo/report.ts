import { type describeMachine } from '@seedfleet/example-sentiment';
import Table from 'cli-table3';
import { type PairedInterval } from './paired-interval.js';
import { type LanguageTask } from './run-requests.js';

/** What the demo measured; `--report` writes it as it is. */
export interface LanguageDemoReport {
  task: LanguageTask;
  /** Examples that no device had. */
  heldOut: number;
  lossBefore: number;
  lossAfter: number;
  /** exp of the loss; of next tokens only. */
  perplexityBefore: number | null;
  perplexityAfter: number | null;
  /** Of next tokens, or of sentences. */
  accuracyBefore: number;
  accuracyAfter: number;
  /** Loss after less loss before, over held-out examples, with its 95 % interval. */
  lossChange: PairedInterval;
  /** Accuracy after less accuracy before, likewise. */
  accuracyChange: PairedInterval;
  /** Relative fall of the perplexity (next tokens) or of the loss's exponential (words): 1 - exp(change), for as many rounds or for one minute of them. */
  fall: { whole: number; per100Rounds: number; perMinute: number };
  rounds: number;
  devices: number;
  queries: number;
  groups: number;
  /** Trained values. */
  values: number;
  /** Mean over the devices, at their TCP sockets: WebSocket frames and heartbeats included, evaluations too. */
  bytesPerRoundPerDevice: { down: number; up: number };
  stateHash: string;
  stateHashesEqual: boolean;
  secondsPerRound: number;
  firstCommitSeconds: number;
  wallSeconds: number;
  coordinatorPeakMegabytes: number | null;
  /** The largest of all workers. */
  workerPeakMegabytes: number | null;
  machine: ReturnType<typeof describeMachine>;
}

export function reportTable(report: LanguageDemoReport): string {
  const { bytesPerRoundPerDevice: bytes, lossChange, accuracyChange, fall, machine } = report;
  const table = new Table({ head: ['Figure', 'Value'], style: { head: [], border: [] } });
  if (report.perplexityBefore !== null && report.perplexityAfter !== null) table.push(['Held-out perplexity', `${report.perplexityBefore.toFixed(1)} before, ${report.perplexityAfter.toFixed(1)} after (${report.heldOut} passages)`]);
  table.push(
    ['Held-out loss', `${report.lossBefore.toFixed(4)} before, ${report.lossAfter.toFixed(4)} after; change ${interval(lossChange, (value) => value.toFixed(4))}`],
    ['Held-out accuracy', `${percent(report.accuracyBefore)} before, ${percent(report.accuracyAfter)} after; change ${interval(accuracyChange, percent)}`],
    ['Fall of exp(loss)', `${percent(fall.whole)}; ${percent(fall.per100Rounds)} per 100 rounds, ${percent(fall.perMinute)} per minute of rounds`],
    ['Rounds', `${report.rounds}, ${report.secondsPerRound.toFixed(2)} s each`],
    ['Devices', `${report.devices} worker processes, ${report.groups} direction groups, ${report.queries} queries each, ${report.values} trained values`],
    ['Bytes per round and device', `${bytes.down} down, ${bytes.up} up`],
    ['State hash', `${report.stateHash.slice(0, 16)}… ${report.stateHashesEqual ? 'equal on all devices, and here by replay of the log' : 'NOT EQUAL everywhere'}`],
    ['First commit', `${report.firstCommitSeconds} s`],
    ['Peak memory', `coordinator ${report.coordinatorPeakMegabytes ?? '?'} MB, largest worker ${report.workerPeakMegabytes ?? '?'} MB`],
    ['Wall time', `${report.wallSeconds} s, both judgements included`],
    ['Machine', `${machine.cores} cores (${machine.cpu}), ${machine.memoryGigabytes} GB, load ${machine.loadAverage}, ${machine.platform}, Node ${machine.node}`],
  );
  return table.toString();
}

/** Why the demo has failed, in one sentence each; empty if it has not. */
export function shortcomings(report: LanguageDemoReport, { fullLength }: { fullLength: boolean }): string[] {
  const found: string[] = [];
  if (!report.stateHashesEqual) found.push('The state hashes of the devices, or of the replayed log, differ: replay is not exact.');
  if (fullLength && report.lossChange.high >= 0) found.push('The held-out loss did not fall by more than chance: its 95 % interval holds zero.');
  if (fullLength && report.task === 'verbalizer' && report.accuracyChange.low <= 0) found.push('The held-out accuracy did not rise by more than chance: its 95 % interval holds zero.');
  return found;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function interval({ mean, low, high }: PairedInterval, write: (value: number) => string): string {
  return `${write(mean)}, 95 % interval ${write(low)} to ${write(high)}`;
}
