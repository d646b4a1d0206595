import { FleetError } from '@seedfleet/errors';
import { ByteReader } from '../bytes/byte-reader.js';
import { concatBytes, equalBytes, utf8 } from '../bytes/byte-sequence.js';
import { ByteWriter } from '../bytes/byte-writer.js';
import { float64Bytes } from '../bytes/float64-bytes.js';
import { fromHex, toHex } from '../bytes/hex.js';
import { decodeCommit, isSignedBy, type SignedCommit } from '../commit/commit.js';
import { chainEnd, chainStart, type ChainEnd } from '../commit/chain.js';
import { type VerifiedManifest } from '../manifest/manifest.js';
import { hashValues } from './state-hash.js';

/** A state saved. It needs no signature of its own: its last commit, or the manifest of a branch, is signed and names the hash of exactly these values. */
export interface Checkpoint {
  /** [32] */
  manifestHash: Uint8Array;
  /** commits applied */
  round: number;
  /** bytes of commit round - 1; empty at 0 */
  lastCommit: Uint8Array;
  /** [B], [B, m] or [B, m, v] by step rule, equally long */
  values: Float64Array[];
}

const magic = utf8('SFC1');
const valueArraysMax = 3;

/** "SFC1", manifest hash, u32 round, u32 bytes of the commit and the commit, u8 arrays, u32 values of each, float64 LE values. */
export function encodeCheckpoint({ manifestHash, round, lastCommit, values }: Checkpoint): Uint8Array {
  const writer = new ByteWriter().bytes(magic).bytes(manifestHash).u32(round).u32(lastCommit.length).bytes(lastCommit).u8(values.length).u32(values[0]?.length ?? 0);
  const bytes = writer.bytes(concatBytes(values.map(float64Bytes))).finish();
  decodeCheckpoint(bytes);
  return bytes;
}

/**
 * Decodes and checks that the values are those that the last commit names. Who wrote the commit, and what a run begins with: `verifyCheckpoint`.
 * @throws FleetError `checkpoint.malformed`
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const reader = new ByteReader(bytes, { code: 'checkpoint.malformed', what: 'checkpoint' });
  if (!equalBytes(reader.bytes(magic.length), magic)) throw reader.malformed('does not begin with SFC1', 'magic');
  const manifestHash = reader.bytes(32);
  const round = reader.u32();
  const lastCommit = reader.bytes(reader.u32());
  const arrays = reader.u8();
  const length = reader.u32();
  if (arrays < 1 || arrays > valueArraysMax) throw reader.malformed(`has ${arrays} arrays of values, 1 to ${valueArraysMax} are possible`, 'values');
  if (reader.remaining !== arrays * length * 8) throw reader.malformed(`has ${reader.remaining} bytes of values, ${arrays * length * 8} expected`, 'values');
  const values = Array.from({ length: arrays }, () => Float64Array.from({ length }, () => reader.f64()));
  requireNamedValues({ round, lastCommit, values });
  return { manifestHash, round, lastCommit, values };
}

/**
 * A checkpoint from outside, with its signature checked, and where the log goes on after it. Before the first commit a branch has the values that its
 * manifest names, any other run zeros.
 * @throws FleetError `checkpoint.malformed`, `log.signature`
 */
export function verifyCheckpoint({ bytes, manifest }: { bytes: Uint8Array; manifest: VerifiedManifest }): { checkpoint: Checkpoint; end: ChainEnd } {
  const checkpoint = decodeCheckpoint(bytes);
  if (!equalBytes(checkpoint.manifestHash, manifest.hash)) throw refuse('manifestHash', 'The checkpoint belongs to another run.');
  if (checkpoint.round === 0) {
    requireFirstValues(checkpoint.values, manifest);
    return { checkpoint, end: chainStart(manifest) };
  }
  const commit = decodeCommit(checkpoint.lastCommit);
  if (!isSignedBy(commit, { coordinatorKey: fromHex(manifest.manifest.coordinatorKey), manifestHash: manifest.hash })) {
    throw new FleetError('log.signature', { field: 'lastCommit', problem: 'The last commit of the checkpoint is not signed by the coordinator of this run.' });
  }
  return { checkpoint, end: chainEnd(commit) };
}

function requireNamedValues({ round, lastCommit, values }: Omit<Checkpoint, 'manifestHash'>): void {
  if (round === 0) {
    if (lastCommit.length > 0) throw refuse('lastCommit', 'The checkpoint of round 0 has a commit.');
    return;
  }
  const commit = commitOf(lastCommit);
  if (commit.round !== round - 1) throw refuse('lastCommit', `The checkpoint after ${round} commits ends with the commit of round ${commit.round}.`);
  if (!equalBytes(hashValues(values), commit.stateHash)) throw refuse('values', 'The values are not those that the last commit names.');
}

function requireFirstValues(values: readonly Float64Array[], { manifest: { branch } }: VerifiedManifest): void {
  if (branch !== null) {
    if (toHex(hashValues(values)) !== branch.stateHash) throw refuse('values', 'The values are not those that the branch begins with.');
    return;
  }
  if (!values.every((array) => array.every((value) => Object.is(value, 0)))) throw refuse('values', 'The checkpoint of round 0 is not all zero.');
}

function commitOf(bytes: Uint8Array): SignedCommit {
  try {
    return decodeCommit(bytes);
  } catch (cause) {
    throw new FleetError('checkpoint.malformed', { field: 'lastCommit', problem: 'The last commit of the checkpoint does not decode.', cause });
  }
}

function refuse(field: string, problem: string): FleetError {
  return new FleetError('checkpoint.malformed', { field, problem });
}
