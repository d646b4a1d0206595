import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@seedfleet/example-sentiment';
import { percentile, type Figure } from '../figures/figures-file.js';
import { type ToyFleet } from '../toy/toy-fleet.js';
import { DeviceLane, devicesPerAddress } from './device-lane.js';
import { comeBack } from './come-back.js';
import { inLanes } from './in-lanes.js';
import { bareWebsocket } from './bare-websocket.js';
import { rowsByCopy } from './rows-by-copy.js';
import { SharedReplica } from './shared-replica.js';
import { VirtualDevice, type LoadNotes } from './virtual-device.js';

/** Devices that enrol, prove themselves or connect at the same time. */
const width = 256;
const preparedTimeoutMs = 240_000;

async function residentMegabytes(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes ?? 0) / 1024);
}

/** CPU time of a process so far, user and system, ms: what a figure costs, however busy the machine is with other things. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Fields 14 and 15 in ticks of 10 ms; the name in field 2 may hold spaces, so they are counted from its closing bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export interface LoadOptions {
  devices: number;
  /** of work that is measured; with `rounds`, until that many are committed */
  seconds: number;
  rounds: number | null;
  random: () => number;
  say: (line: string) => void;
  databaseUrl: string;
}

/** Rounds after which memory and the time of a round are written down: ten, and each ten times as many. */
const isMilestone = (round: number): boolean => round >= 10 && /^10+$/.test(String(round));

/** Enrols, connects, kills the coordinator, connects again, works: `devices` of them, on a fleet without workers. */
export async function loadRun(fleet: ToyFleet, { devices: count, seconds, rounds: roundsWanted, random, say, databaseUrl }: LoadOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  const note = (name: string, value: number | null, unit: string) => {
    if (value === null) return;
    figures.push({ name: `load.${name}`, value: Math.round(value * 10) / 10, unit });
    say(`load.${name} ${Math.round(value * 10) / 10} ${unit}`);
  };
  const complain = (what: string, failures: Map<string, number>) => {
    for (const [reason, times] of failures) say(`${what}: ${times} failed: ${reason.slice(0, 300)}`);
    return [...failures.values()].reduce((sum, times) => sum + times, 0);
  };
  const notes: LoadNotes = { replica: null, random, reportMs: [], prepared: 0, postponed: 0, repeated: 0, failures: new Map() };
  const { client } = fleet.coordinator;
  const lanes = Array.from({ length: Math.ceil(count / devicesPerAddress) }, (_, index) => new DeviceLane(fleet.coordinator.url, index));
  const devices: VirtualDevice[] = [];
  try {
    const { token } = await client.call('createEnrolmentToken', { body: { usesMax: count } });
    const numbers = Array.from({ length: count }, (_, index) => index);
    const enrolled = await inLanes(numbers, width, async (index) => {
      devices.push(await VirtualDevice.enrol({ lane: lanes[index % lanes.length] as DeviceLane, token, name: `virtual-${index}`, notes }));
    });
    complain('enrolment', enrolled.failures);
    note('enrolmentsPerSecond', devices.length / (enrolled.ms / 1_000), '1/s');

    let credential = '';
    const proven = await inLanes(devices, width, async (device) => { credential = await device.fetchCredential(); });
    complain('credential', proven.failures);
    note('credentialsPerSecond', devices.length / (proven.ms / 1_000), '1/s');

    const first = await inLanes(devices, width, async (device) => comeBack(device));
    complain('connection', first.failures);
    note('firstHandshakesPerSecond', devices.length / (first.ms / 1_000), '1/s');

    // The restart that the goal speaks of: all of them are gone at once, and come back with the credentials that they hold.
    await fleet.killCoordinator();
    await fleet.restartCoordinator();
    const cpuAtStart = await cpuMs(fleet.coordinator.pid);
    notes.postponed = 0;
    // Nobody waits for a lane: who is told to come back has the time to itself.
    const again = await inLanes(devices, devices.length, comeBack);
    note('failedHandshakes', complain('reconnection', again.failures), 'handshakes');
    note('comeBacks', notes.postponed, 'answers');
    note('handshakesPerSecond', devices.length / (again.ms / 1_000), '1/s');
    note('cpuMsPerHandshake', (await cpuMs(fleet.coordinator.pid) - cpuAtStart) / devices.length, 'ms');
    const connected = devices.filter((device) => device.isConnected()).length;
    note('connections', connected, 'connections');
    note('rssMegabytes', await residentMegabytes(fleet.coordinator.pid, 'VmRSS'), 'MB');

    const createdAt = performance.now();
    const run = await fleet.startRun({ rounds: 1_000_000, cohort: connected, reportsMin: Math.max(1, Math.floor(connected * 0.9)), deadlineMs: 60_000, checkpointEveryRounds: 0 });
    notes.replica = new SharedReplica(await lanes[0]?.json('GET', `/api/v1/runs/${run}/manifest`, { credential }));
    // Those that were offered the run before we could read its manifest announce themselves now.
    await inLanes(devices, width, (device) => device.prepare(run));
    await waitUntil({ what: 'the first commit', timeoutMs: preparedTimeoutMs }, () => (notes.replica?.round ?? 0) >= 1);
    note('firstCommitSeconds', (performance.now() - createdAt) / 1_000, 's');
    // The round that everybody was prepared in is not one like the others.
    notes.reportMs.length = 0;
    const from = notes.replica.committedAt.length;
    const cpuAtWork = await cpuMs(fleet.coordinator.pid);
    const workedFrom = performance.now();
    const lastRound = notes.replica.round + (roundsWanted ?? Infinity);
    const milestones = new Set<number>();
    while (roundsWanted === null ? performance.now() - workedFrom < seconds * 1_000 : notes.replica.round < lastRound) {
      await sleep(50);
      const done = notes.replica.committedAt.length - from;
      const milestone = roundsWanted === null || done < 10 ? 0 : 10 ** Math.floor(Math.log10(done));
      if (!isMilestone(milestone) || milestones.has(milestone)) continue;
      milestones.add(milestone);
      const { committedAt: at } = notes.replica;
      note(`rounds${milestone}.rssMegabytes`, await residentMegabytes(fleet.coordinator.pid, 'VmRSS'), 'MB');
      note(`rounds${milestone}.roundMs`, percentile(at.slice(-10).map((ms, index, ten) => ms - (ten[index - 1] ?? ms)).slice(1), 0.5), 'ms');
    }
    const workedSeconds = (performance.now() - workedFrom) / 1_000;
    note('cpuMsPerReport', (await cpuMs(fleet.coordinator.pid) - cpuAtWork) / Math.max(1, notes.reportMs.length), 'ms');
    const { committedAt } = notes.replica;
    const overheads = committedAt.slice(from).map((at, index) => at - (committedAt[from + index - 1] as number));
    complain('message', notes.failures);
    note('rounds', overheads.length, 'rounds');
    note('reportsPerSecond', notes.reportMs.length / workedSeconds, '1/s');
    note('reportsDurableP99Ms', percentile(notes.reportMs, 0.99), 'ms');
    note('roundOverheadP95Ms', percentile(overheads, 0.95), 'ms');
    note('reportsRepeated', notes.repeated, 'reports');
    note('rssPeakMegabytes', await residentMegabytes(fleet.coordinator.pid, 'VmHWM'), 'MB');
    // The limits, on the same machine in the same minute: the same bytes without anything of ours, the same rows without anything but the database.
    for (const device of devices) device.disconnect();
    const bare = await bareWebsocket({ connections: connected, seconds: 5 });
    note('limit.bareReportsPerSecond', bare.perSecond, '1/s');
    note('limit.bareP99Ms', bare.p99Ms, 'ms');
    note('limit.copyRowsPerSecond', await rowsByCopy(databaseUrl, connected), '1/s');
    return figures;
  } finally {
    for (const device of devices) device.disconnect();
    for (const lane of lanes) lane.close();
  }
}
