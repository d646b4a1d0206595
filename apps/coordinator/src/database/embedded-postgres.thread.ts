import { fsyncSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/** What the thread is started with: `create` makes the directory and ends, `serve` serves it until told to close. */
export interface EmbeddedPostgresTask {
  type: 'create' | 'serve';
  directory: string;
  socketPath: string;
  /** [1] int32, shared: how often a write was forced to the disk. */
  fsyncCalls: Int32Array;
}

export type EmbeddedPostgresNotice = { type: 'done' } | { type: 'failed'; problem: string };

/** The part of PGlite's file layer that is reached into: pinned with its version in package.json. */
interface FileLayer {
  FS: { lookupPath(path: string): { node: { mount: { type: { stream_ops: { fsync?: (stream: { nfd: number }) => number } } } } } };
}

/** PGlite's file layer has no fsync, so a commit would survive the death of the process but not of the machine. */
function forceWrites(db: PGlite, calls: Int32Array): void {
  const layer = (db as unknown as { Module: FileLayer }).Module.FS.lookupPath('/pglite/data').node.mount.type.stream_ops;
  layer.fsync = (stream) => {
    fsyncSync(stream.nfd);
    Atomics.add(calls, 0, 1);
    return 0;
  };
}

async function open(task: EmbeddedPostgresTask): Promise<PGlite> {
  const db = await PGlite.create(task.directory, {
    // '-F' turns fsync off; 16 MB of buffers instead of 128 keep the coordinator under its 400 MB.
    startParams: [...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'), '-c', 'wal_sync_method=fsync', '-c', 'shared_buffers=16MB'],
  });
  forceWrites(db, task.fsyncCalls);
  return db;
}

async function serve(task: EmbeddedPostgresTask): Promise<void> {
  const db = await open(task);
  const server = new PGLiteSocketServer({ db, path: task.socketPath, maxConnections: 20 });
  await server.start();
  parentPort?.once('message', async () => {
    await server.stop();
    await db.close();
    parentPort?.close();
  });
}

async function perform(task: EmbeddedPostgresTask): Promise<void> {
  if (task.type === 'serve') return serve(task);
  const db = await open(task);
  await db.close();
}

const notify = (notice: EmbeddedPostgresNotice) => parentPort?.postMessage(notice);
perform(workerData as EmbeddedPostgresTask).then(
  () => notify({ type: 'done' }),
  (error: unknown) => notify({ type: 'failed', problem: error instanceof Error ? error.message : String(error) }),
);
