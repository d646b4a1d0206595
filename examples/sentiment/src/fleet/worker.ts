import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { appEntry } from './app-entry.js';
import { type FleetProcess, startProcess } from './fleet-process.js';

/** What a worker writes to `status.json` in its home. */
export interface WorkerStatus {
  device: string;
  state: string;
  runs: { run: number; state: string; round: number; stateHash: string; trainExamples: number; heldOutExamples: number; precision: 'fp32' | 'w8a8' }[];
  socketBytes: { down: number; up: number };
  peakMegabytes: number;
  catchUp: { rounds: number; bytes: number; milliseconds: number; by: 'log' | 'checkpoint' } | null;
}

/** A data file of a worker, as its options name it. */
export interface WorkerData {
  /** `.jsonl`, `.csv` or `.txt`: passages between blank lines. */
  path: string;
  textField?: string;
  /** Of a task with labels. */
  labelField?: string;
  heldOutFraction: number;
}

export interface WorkerOptions {
  home: string;
  logPath?: string;
  env?: Record<string, string>;
  /** Default: the built entry of this workspace. */
  entry?: string;
}

const formats: Record<string, string> = { '.csv': 'csv', '.jsonl': 'jsonl', '.txt': 'text' };

const logOf = (home: string): string => `${home}.log`;

/** Enrols a device with a token; its key is made in its home. Rejects with the last words of the worker. */
export async function enrolWorker({ home, url, token, name, coordinatorKey, logPath = logOf(home), entry = appEntry('worker'), env = {} }: WorkerOptions & { url: string; token: string; name: string; coordinatorKey?: string }): Promise<void> {
  const pinned = coordinatorKey === undefined ? [] : ['--coordinator-key', coordinatorKey];
  const process = await startProcess({ entry, env, logPath, args: ['enroll', '--url', url, '--token', token, '--home', home, '--name', name, ...pinned] });
  const { code, signal } = await process.exited;
  if (code === 0) return;
  const words = (await readFile(logPath, 'utf8')).trim().split('\n').slice(-3).join(' ');
  throw new Error(`The worker ${name} could not enrol (${signal ?? `exit code ${code}`}): ${words}`);
}

export interface Worker extends FleetProcess {
  readonly home: string;
  /** Null until the worker has written its first. */
  status(): Promise<WorkerStatus | null>;
}

/** A real, enrolled worker in a process of its own. Without `data` it only follows. */
export async function startWorker({ home, data, threads = 1, memoryMegabytes, precision, logPath = logOf(home), detached = false, entry = appEntry('worker'), env = {} }: WorkerOptions & { data?: WorkerData; threads?: number; memoryMegabytes?: number; precision?: 'fp32' | 'w8a8'; detached?: boolean }): Promise<Worker> {
  const dataArgs = data === undefined ? [] : [
    '--data', data.path, '--format', formats[extname(data.path)] ?? 'jsonl', '--held-out', String(data.heldOutFraction),
    ...(data.textField === undefined ? [] : ['--text-field', data.textField]), ...(data.labelField === undefined ? [] : ['--label-field', data.labelField]),
  ];
  const process = await startProcess({ entry, env, logPath, detached, args: ['start', '--home', home, '--threads', String(threads), ...(memoryMegabytes === undefined ? [] : ['--memory-megabytes', String(memoryMegabytes)]), ...(precision === undefined ? [] : ['--precision', precision]), ...dataArgs] });
  return { ...process, home, status: () => workerStatus(home) };
}

/** The status of the worker in a home, running or not. It is replaced as a whole, never half written. */
export async function workerStatus(home: string): Promise<WorkerStatus | null> {
  const text = await readFile(join(home, 'status.json'), 'utf8').catch(() => null);
  return text === null ? null : JSON.parse(text) as WorkerStatus;
}
