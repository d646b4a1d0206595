import { fsyncSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';

/** The part of PGlite's file layer that is reached into: pinned with its version in package.json. */
interface FileLayer {
  FS: { lookupPath(path: string): { node: { mount: { type: { stream_ops: { fsync?: (stream: { nfd: number }) => number } } } } } };
}

/**
 * PGlite on a directory, made if it is not there, with writes forced to the disk. Without that a commit would survive the death of the
 * process but not of the machine: PGlite starts PostgreSQL with `-F`, and its file layer has no fsync.
 * @param fsyncCalls [1] int32, counts the forced writes
 */
export async function openEngine(directory: string, fsyncCalls: Int32Array): Promise<PGlite> {
  const db = await PGlite.create(directory, {
    // '-F' turns fsync off; 16 MB of buffers instead of 128 keep the coordinator under its 400 MB.
    startParams: [...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'), '-c', 'wal_sync_method=fsync', '-c', 'shared_buffers=16MB'],
  });
  const layer = (db as unknown as { Module: FileLayer }).Module.FS.lookupPath('/pglite/data').node.mount.type.stream_ops;
  layer.fsync = (stream) => {
    fsyncSync(stream.nfd);
    Atomics.add(fsyncCalls, 0, 1);
    return 0;
  };
  return db;
}
