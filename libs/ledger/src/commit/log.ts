import { ByteReader } from '../bytes/byte-reader.js';
import { ByteWriter } from '../bytes/byte-writer.js';

/** Commits as one body, u32 LE length and bytes each: what GET /runs/:id/log answers and a device keeps as its tail. */
export function encodeLog(commits: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const commit of commits) writer.u32(commit.length).bytes(commit);
  return writer.finish();
}

/**
 * The commits' bytes, not yet decoded or verified.
 * @throws FleetError `log.malformed` if the last one is cut
 */
export function decodeLog(bytes: Uint8Array): Uint8Array[] {
  const reader = new ByteReader(bytes, { code: 'log.malformed', what: 'log' });
  const commits: Uint8Array[] = [];
  while (reader.remaining > 0) commits.push(reader.bytes(reader.u32()));
  return commits;
}
