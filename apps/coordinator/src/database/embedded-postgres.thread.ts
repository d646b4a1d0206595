import { parentPort, workerData } from 'node:worker_threads';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { openEngine } from './embedded-engine.js';

/** What the thread is started with. */
export interface EmbeddedPostgresTask {
  directory: string;
  socketPath: string;
  /** [1] int32, shared: how often a write was forced to the disk */
  fsyncCalls: Int32Array;
}

export type EmbeddedPostgresNotice = { type: 'serving' } | { type: 'failed'; problem: string };

const connectionsMax = 20;

/** Serves the directory until told to close. */
async function serve({ directory, socketPath, fsyncCalls }: EmbeddedPostgresTask): Promise<void> {
  const db = await openEngine(directory, fsyncCalls);
  const server = new PGLiteSocketServer({ db, path: socketPath, maxConnections: connectionsMax });
  await server.start();
  parentPort?.once('message', async () => {
    await server.stop();
    await db.close();
    parentPort?.close();
  });
}

const notify = (notice: EmbeddedPostgresNotice) => parentPort?.postMessage(notice);
serve(workerData as EmbeddedPostgresTask).then(
  () => notify({ type: 'serving' }),
  (error: unknown) => notify({ type: 'failed', problem: error instanceof Error ? error.message : String(error) }),
);
