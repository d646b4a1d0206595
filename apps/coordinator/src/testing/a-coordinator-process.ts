import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ReachableCoordinator } from './a-coordinator.js';
import { operatorHands } from './operator-hands.js';

/** The built coordinator as a process of its own, so that it can be killed. */
export interface CoordinatorProcess extends ReachableCoordinator {
  readonly process: ChildProcess;
  readonly home: string;
  /** kill -9, and another one on the same home */
  crash(): Promise<void>;
  /** SIGTERM @returns the exit code */
  stop(): Promise<number | null>;
  close(): Promise<void>;
}

const mainFile = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

async function start(environment: Record<string, string>): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [mainFile], { env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const { event, url } = JSON.parse(line) as { event: string; url: string };
    if (event !== 'ready') continue;
    child.stdout?.resume();
    return { child, url };
  }
  throw new Error('the coordinator ended before it was ready');
}

export async function aCoordinatorProcess(environment: Record<string, string> = {}, home = mkdtempSync(join(tmpdir(), 'seedfleet-process-'))): Promise<CoordinatorProcess> {
  const settings = { SEEDFLEET_HOME: home, SEEDFLEET_PORT: '0', SEEDFLEET_LOG_LEVEL: 'warn', ...environment };
  let running = await start(settings);
  const ended = async () => {
    if (running.child.exitCode === null && running.child.signalCode === null) await once(running.child, 'exit');
    return running.child.exitCode;
  };
  return {
    home,
    get process() { return running.child; },
    get url() { return running.url; },
    call: operatorHands({ url: () => running.url, adminToken: () => readFileSync(join(home, 'admin-token'), 'utf8').trim() }),
    async crash() {
      running.child.kill('SIGKILL');
      await ended();
      running = await start(settings);
    },
    async stop() {
      running.child.kill('SIGTERM');
      return ended();
    },
    async close() {
      running.child.kill('SIGKILL');
      await ended();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
