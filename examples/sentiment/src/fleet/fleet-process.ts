import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peakMegabytesOf } from './peak-memory.js';
import { waitUntil } from './wait-until.js';

export interface ProcessOptions {
  /** Built JavaScript of an app. */
  entry: string;
  args?: readonly string[];
  env?: Record<string, string>;
  /** Takes all that the process writes; appended to, so that a restart keeps what was before. */
  logPath: string;
  /** Gives it a process group of its own, so that it can live on after `letGo`. */
  detached?: boolean;
}

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One process of the fleet. It writes to a file instead of a pipe: it can outlive us, and its last words stay. */
export interface FleetProcess {
  readonly pid: number;
  readonly logPath: string;
  /** Resolves when the process has ended. */
  readonly exited: Promise<Exit>;
  running(): boolean;
  /** The first line written since its start for which `choose` gives something. Rejects when the process ends before. */
  line<T>(wait: { what: string; timeoutMs: number }, choose: (line: string) => T | null): Promise<NonNullable<T>>;
  peakMegabytes(): Promise<number | null>;
  /** Sends a signal and waits for the end. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
  /** SIGTERM, and SIGKILL when that has not ended it after `graceMs`. */
  stop(options?: { graceMs?: number }): Promise<Exit>;
  /** It stays when we end. */
  letGo(): void;
}

const living = new Set<ChildProcess>();
// The last thing that we do: whatever ends us, short of SIGKILL, no process of ours stays behind.
process.on('exit', () => { for (const child of living) child.kill('SIGKILL'); });

export async function startProcess({ entry, args = [], env = {}, logPath, detached = false }: ProcessOptions): Promise<FleetProcess> {
  await mkdir(dirname(logPath), { recursive: true });
  const log = await open(logPath, 'a');
  const logStart = (await log.stat()).size;
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', log.fd, log.fd], env: { ...process.env, NODE_OPTIONS: '', ...env }, detached });
  await log.close();
  living.add(child);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      living.delete(child);
      resolve({ code, signal });
    });
  });
  if (child.pid === undefined) throw new Error(`${entry} could not be started: ${String(await exited.catch((error: unknown) => error))}`);
  const pid = child.pid;
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const kill = (signal: NodeJS.Signals): Promise<Exit> => {
    child.kill(signal);
    return exited;
  };
  return {
    pid, logPath, exited, running, kill,
    line: (wait, choose) => waitUntil({ ...wait, everyMs: 30 }, async () => {
      // Asked before reading: a process that has ended writes no more.
      const ended = !running();
      const written = (await readFile(logPath)).subarray(logStart).toString('utf8');
      const complete = written.slice(0, written.lastIndexOf('\n') + 1).split('\n').filter((line) => line !== '');
      for (const line of complete) {
        const chosen = choose(line);
        if (chosen !== null && chosen !== undefined) return chosen;
      }
      if (ended) throw new Error(`${basename(logPath, '.log')} ended before ${wait.what}: ${complete.at(-1) ?? 'it wrote nothing'} (all of it: ${logPath})`);
      return null;
    }),
    peakMegabytes: () => peakMegabytesOf(pid),
    async stop({ graceMs = 10_000 } = {}) {
      const patience = new AbortController();
      const late = sleep(graceMs, undefined, { signal: patience.signal }).then(() => child.kill('SIGKILL'), () => undefined);
      const exit = await kill('SIGTERM');
      patience.abort();
      await late;
      return exit;
    },
    letGo() {
      living.delete(child);
      child.unref();
    },
  };
}
