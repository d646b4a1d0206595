import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Problem } from '@seedfleet/protocol';
import { startCoordinator, type Coordinator } from '../app/coordinator.js';
import { Clock, Luck } from '../app/surroundings.js';

/** A real coordinator on its embedded database and a free port, and an operator's hands. Time can be moved, nothing else is faked. */
export interface CoordinatorUnderTest {
  coordinator: Coordinator;
  home: string;
  url: string;
  adminToken: string;
  /** moves the clock forward */
  pass(milliseconds: number): void;
  /** a request as admin (or with another token, or null for none); JSON unless `body` is bytes */
  call(method: string, path: string, options?: { body?: unknown; token?: string | null; headers?: Record<string, string> }): Promise<{ status: number; json: never; bytes: Uint8Array; headers: Headers }>;
  /** stops it and starts another on the same home */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function aCoordinator({ databaseUrl = null }: { databaseUrl?: string | null } = {}): Promise<CoordinatorUnderTest> {
  const home = mkdtempSync(join(tmpdir(), 'seedfleet-spec-'));
  let shiftMs = 0;
  const start = () => startCoordinator({ home, host: '127.0.0.1', port: 0, logLevel: process.env['SPEC_LOG'] ?? 'silent', databaseUrl }, {
    clock: new Clock(() => Date.now() + shiftMs), luck: new Luck((count) => new Uint8Array(randomBytes(count))),
  });
  let coordinator = await start();
  const adminToken = readFileSync(join(home, 'admin-token'), 'utf8').trim();
  return {
    home, adminToken,
    get coordinator() { return coordinator; },
    get url() { return coordinator.url; },
    pass(milliseconds) { shiftMs += milliseconds; },
    async call(method, path, { body, token = adminToken, headers = {} } = {}) {
      const isBytes = body instanceof Uint8Array;
      const response = await fetch(`${coordinator.url}${path}`, {
        method, ...(body === undefined ? {} : { body: isBytes ? Buffer.from(body) : JSON.stringify(body) }),
        headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }), ...headers },
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      const isJson = (response.headers.get('content-type') ?? '').includes('json');
      return { status: response.status, json: (isJson ? JSON.parse(Buffer.from(bytes).toString('utf8')) : null) as never, bytes, headers: response.headers };
    },
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

/** The problem document of a refused request. */
export function problemOf(answer: { json: unknown }): Problem {
  return answer.json as Problem;
}
