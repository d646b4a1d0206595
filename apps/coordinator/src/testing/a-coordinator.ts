import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCoordinator, type Coordinator } from '../app/coordinator.js';
import { type Settings } from '../app/settings.js';
import { Clock, Luck } from '../app/surroundings.js';
import { operatorHands, type Call } from './operator-hands.js';

/** What a device and a builder need of a coordinator, in this process or another. */
export interface ReachableCoordinator {
  readonly url: string;
  call: Call;
}

/** A real coordinator on its embedded database and a free port, and an operator's hands. Time can be moved, nothing else is faked. */
export interface CoordinatorUnderTest extends ReachableCoordinator {
  coordinator: Coordinator;
  home: string;
  adminToken: string;
  /** moves the clock forward */
  pass(milliseconds: number): void;
  call: Call;
  /** stops it and starts another on the same home */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function aCoordinator({ databaseUrl = null, ...changes }: Partial<Settings> = {}): Promise<CoordinatorUnderTest> {
  const home = changes.home ?? mkdtempSync(join(tmpdir(), 'seedfleet-spec-'));
  let shiftMs = 0;
  const settings = { retention: { reportDays: 90, reportRounds: 1_000, checkpointEvery: 10 }, traces: null, smtp: null, redisUrl: null, publicUrl: null, identity: null, ...changes };
  const start = () => startCoordinator({ home, host: '127.0.0.1', port: 0, logLevel: process.env['SPEC_LOG'] ?? 'silent', databaseUrl, ...settings }, {
    clock: new Clock(() => Date.now() + shiftMs), luck: new Luck((count) => new Uint8Array(randomBytes(count))),
  });
  let coordinator = await start();
  const adminToken = readFileSync(join(home, 'admin-token'), 'utf8').trim();
  return {
    home, adminToken,
    get coordinator() { return coordinator; },
    get url() { return coordinator.url; },
    pass(milliseconds) { shiftMs += milliseconds; },
    call: operatorHands({ url: () => coordinator.url, adminToken: () => adminToken }),
    async restart() {
      await coordinator.close();
      coordinator = await start();
    },
    async close() {
      await coordinator.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
