import Table from 'cli-table3';

/** Held-out accuracy that the full demo must exceed. */
export const accuracyRequired = 0.84;

/** What the demo measured; `--report` writes it as it is. */
export interface DemoReport {
  accuracyBefore: number;
  accuracyAfter: number;
  /** Held-out examples of all devices. */
  heldOut: number;
  lossBefore: number;
  lossAfter: number;
  rounds: number;
  devices: number;
  queries: number;
  groups: number;
  estimator: string;
  /** Mean over the devices, at their TCP sockets: WebSocket frames and heartbeats included, evaluations too. */
  bytesPerRoundPerDevice: { down: number; up: number };
  stateHash: string;
  stateHashesEqual: boolean;
  lateJoiner: { rounds: number; bytes: number; milliseconds: number; stateHashEqual: boolean };
  /** From the start of the coordinator to the end of the late joiner's replay. */
  wallSeconds: number;
  firstCommitSeconds: number;
  secondsPerRound: number;
  coordinatorPeakMegabytes: number | null;
  /** The largest of all workers. */
  workerPeakMegabytes: number | null;
  machine: { cores: number; cpu: string; memoryGigabytes: number; loadAverage: number; platform: string; node: string };
}

/** Limits that the demo promises; a figure above one is shown with it. */
const limits = { wallSeconds: 180, firstCommitSeconds: 30, megabytes: 400 };

export function reportTable(report: DemoReport): string {
  const { bytesPerRoundPerDevice: bytes, lateJoiner, machine } = report;
  const table = new Table({ head: ['Figure', 'Value'], style: { head: [], border: [] } });
  table.push(
    ['Held-out accuracy', `${percent(report.accuracyBefore)} before, ${percent(report.accuracyAfter)} after (${report.heldOut} sentences)`],
    ['Held-out loss', `${report.lossBefore.toFixed(4)} before, ${report.lossAfter.toFixed(4)} after`],
    ['Rounds', `${report.rounds}, ${report.secondsPerRound.toFixed(2)} s each`],
    ['Devices', `${report.devices} worker processes, ${report.groups} direction groups`],
    ['Estimator', `${report.estimator}, ${report.queries} queries`],
    ['Bytes per round and device', `${bytes.down} down, ${bytes.up} up`],
    ['State hash', `${report.stateHash.slice(0, 16)}… ${report.stateHashesEqual ? 'equal on all devices' : 'NOT EQUAL on all devices'}`],
    ['Late joiner', `${lateJoiner.rounds} rounds replayed from ${lateJoiner.bytes} bytes in ${lateJoiner.milliseconds} ms, state hash ${lateJoiner.stateHashEqual ? 'equal' : 'NOT EQUAL'}`],
    ['First commit', within(report.firstCommitSeconds, { limit: limits.firstCommitSeconds, unit: 's' })],
    ['Coordinator, peak memory', within(report.coordinatorPeakMegabytes, { limit: limits.megabytes, unit: 'MB' })],
    ['Worker, peak memory', within(report.workerPeakMegabytes, { limit: limits.megabytes, unit: 'MB' })],
    ['Wall time', within(report.wallSeconds, { limit: limits.wallSeconds, unit: 's' })],
    ['Machine', `${machine.cores} cores (${machine.cpu}), ${machine.memoryGigabytes} GB, load ${machine.loadAverage}, ${machine.platform}, Node ${machine.node}`],
  );
  return table.toString();
}

/** Why the demo has failed, in one sentence each; empty if it has not. */
export function shortcomings(report: DemoReport, { fullLength }: { fullLength: boolean }): string[] {
  const found: string[] = [];
  if (!report.stateHashesEqual) found.push('The state hashes of the devices differ: replay is not exact.');
  if (!report.lateJoiner.stateHashEqual) found.push('The late joiner has another state hash than the fleet: replay is not exact.');
  if (fullLength && !(report.accuracyAfter > accuracyRequired)) {
    found.push(`The held-out accuracy ended at ${percent(report.accuracyAfter)}, which is not above the required ${percent(accuracyRequired)}.`);
  }
  return found;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function within(value: number | null, { limit, unit }: { limit: number; unit: string }): string {
  if (value === null) return 'not measured: this system does not tell';
  return `${value} ${unit}${value > limit ? `, ABOVE the limit of ${limit} ${unit}` : ` (limit ${limit} ${unit})`}`;
}
