import { join } from 'node:path';
import { appEntry } from './app-entry.js';
import { type FleetProcess, startProcess } from './fleet-process.js';
import { freePort } from './free-port.js';
import { OperatorClient } from './operator-client.js';

export interface CoordinatorOptions {
  /** Folder of its keys, its database and its models. */
  home: string;
  /** Default: a free one. Give the old one to a coordinator that is started again. */
  port?: number;
  /** PostgreSQL instead of the embedded database. */
  databaseUrl?: string;
  logPath?: string;
  detached?: boolean;
  readyTimeoutMs?: number;
  /** Default: the built entry of this workspace. */
  entry?: string;
  /** Beside what is set from these options. */
  env?: Record<string, string>;
  /** Default: `checked`. */
  answers?: 'checked' | 'as they are';
}

export interface Coordinator extends FleetProcess {
  readonly home: string;
  readonly port: number;
  readonly url: string;
  /** The REST API as its administrator. */
  readonly client: OperatorClient;
}

/** A real coordinator in a process of its own, ready to serve. */
export async function startCoordinator({ home, port, databaseUrl, logPath = join(home, '..', 'coordinator.log'), detached = false, readyTimeoutMs = 60_000, entry = appEntry('coordinator'), answers = 'checked', env = {} }: CoordinatorOptions): Promise<Coordinator> {
  const ownPort = port ?? await freePort();
  const started = await startProcess({
    entry, logPath, detached,
    env: { ...env, SEEDFLEET_HOME: home, SEEDFLEET_HOST: '127.0.0.1', SEEDFLEET_PORT: String(ownPort), DATABASE_URL: databaseUrl ?? '' },
  });
  const url = await started.line({ what: 'the coordinator was ready', timeoutMs: readyTimeoutMs }, readyUrl);
  return { ...started, home, port: ownPort, url, client: await OperatorClient.ofHome({ url, home, answers }) };
}

/** The address in the line that the coordinator prints when it serves. */
function readyUrl(line: string): string | null {
  if (!line.startsWith('{')) return null;
  try {
    const event = JSON.parse(line) as { event?: unknown; url?: unknown };
    return event.event === 'ready' && typeof event.url === 'string' ? event.url : null;
  } catch {
    return null;
  }
}
