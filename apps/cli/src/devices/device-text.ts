import { type Device, type DeviceDetail, type DeviceDoctor, type DeviceLogLine, type DevicePing, type DeviceResync, type TimelineEntry } from '@seedfleet/protocol';
import { sheetOf, tableOf, type Cell } from '../terminal/printer.js';

/** A device as the actions on it show it. */
export function deviceSheet(device: Device): string {
  return sheetOf(propertiesOf(device));
}

/** A device with everything that is known of it. */
export function detailSheet(device: DeviceDetail): string {
  return [sheetOf({ ...propertiesOf(device), ...moreOf(device) }), datasetTable(device)].filter((part) => part !== '').join('\n\n');
}

function propertiesOf(device: Device): Record<string, Cell> {
  return {
    id: device.id, name: device.name, state: device.state,
    ...(device.clonedAt === null ? {} : { 'COPIED KEY': `two processes took turns with it, last at ${device.clonedAt}: revoke it, or re-enrol the honest one` }),
    online: device.online ? 'yes' : 'no', fingerprint: device.fingerprint, worker: device.workerVersion, platform: device.platform, 'last seen': device.lastSeenAt, enrolled: device.enrolledAt,
    tags: device.tags.join(' '), threads: device.threads, 'memory, MB': device.memoryMegabytes, 'step, ms': device.forwardMs, 'peak, MB': device.peakMegabytes,
  };
}

function moreOf({ keySince, formerKeys, lastError, checks: { ping, doctor }, statement }: DeviceDetail): Record<string, Cell> {
  const policy = statement?.policy;
  return {
    'key since': keySince, ...(formerKeys.length === 0 ? {} : { 'former keys': formerKeys.map(({ fingerprint, cause, until }) => `${fingerprint} (${cause} ${until})`).join(', ') }),
    ...(lastError === null ? {} : { 'last error': `${lastError.code}${lastError.run === null ? '' : `, run ${lastError.run}`}, ${lastError.at}`, fix: lastError.fix }),
    ...(ping === null ? {} : { 'last ping': `${ping.milliseconds} ms, ${ping.at}` }),
    ...(doctor === null ? {} : { 'last doctor': `${doctor.passed ? 'PASSED' : 'FAILED'}, ${doctor.at}` }),
    ...(policy === undefined ? { 'its policy': 'its worker does not say' } : {
      'allows tasks': policy.tasks?.join(', ') ?? 'all', 'allows models': policy.models?.join(', ') ?? 'all', 'rounds a day': policy.roundsPerDay ?? 'no limit', 'scalars a day': policy.scalarsPerDay ?? 'no limit',
      'hours, local': policy.hours === null ? 'always' : `${policy.hours.from} to ${policy.hours.to}`, 'step memory, MB': policy.memoryMegabytes ?? 'no limit', precision: policy.precision,
      'cache, MB a run': policy.cacheMegabytes, 'held-out minimum': policy.evaluationExamplesMin,
    }),
  };
}

function datasetTable({ statement }: DeviceDetail): string {
  if (statement === null || statement.datasets.length === 0) return '';
  return tableOf({
    head: ['DATA', 'EXAMPLES', 'LABELS', 'FIELDS', 'TASKS', 'TAGS'], empty: '',
    rows: statement.datasets.map(({ name, examples, labels, fields, tasks, tags }) => [name, examples ?? 'being counted', labels, fields.map((field) => `${field.name} (${field.holds})`).join(', '), tasks.join(' '), tags.join(' ')]),
  });
}

export function pingText({ milliseconds, clockSkewMs, uptimeSeconds }: DevicePing): string {
  return `answered in ${milliseconds} ms; its clock is ${Math.abs(clockSkewMs)} ms ${clockSkewMs < 0 ? 'behind' : 'ahead'}; its worker has run for ${uptimeSeconds} s`;
}

export function resyncText({ runs }: DeviceResync): string {
  return tableOf({
    head: ['RUN', 'APPLIED', 'OF', 'STATE'], empty: 'The device holds no run.',
    rows: runs.map(({ run, round, head, stateMatches }) => [run, round, head, stateMatches ? (round === head ? 'equal' : 'equal, catching up') : 'DIFFERS: it begins anew from the log']),
  });
}

export function doctorText({ findings }: DeviceDoctor): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  return findings.map(({ check, result, detail, code, problem, fix }) => {
    const line = `${result.toUpperCase().padEnd(7)}  ${check.padEnd(width)}  ${[code, problem, detail].filter((word) => word !== null).join(': ')}`.trimEnd();
    return fix === null ? line : `${line}\n${' '.repeat(width + 11)}fix: ${fix}`;
  }).join('\n');
}

export function logLineText({ at, level, code, fix, sequence: _, ...counts }: DeviceLogLine): string {
  const numbers = Object.entries(counts).map(([name, value]) => `${name} ${value}`).join(', ');
  return `${at}  ${level.padEnd(5)}  ${code}${numbers === '' ? '' : `  ${numbers}`}${level === 'error' && fix !== null ? `\n${' '.repeat(33)}fix: ${fix}` : ''}`;
}

export function timelineTable(entries: readonly TimelineEntry[]): string {
  return tableOf({
    head: ['AT', 'WHAT', 'RUN', 'DETAIL'], empty: 'Nothing has happened yet.',
    rows: entries.map(({ at, kind, run, code, firstRound, lastRound, reports }) => [at, kind, run, code ?? (reports === null ? '' : `${reports} reports, rounds ${firstRound} to ${lastRound}`)]),
  });
}
