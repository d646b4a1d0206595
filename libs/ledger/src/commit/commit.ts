import { sha256, sign, verify } from '#crypto';
import { ByteReader } from '../bytes/byte-reader.js';
import { concatBytes, utf8 } from '../bytes/byte-sequence.js';
import { ByteWriter } from '../bytes/byte-writer.js';
import { FleetError } from '@seedfleet/errors';

/** A round's durable result. Says how many reported, never who. */
export interface Commit {
  /** from 0; u32 */
  round: number;
  /** of this round, from 0: abandoned attempts leave no commit but change the seeds; u32 */
  attempt: number;
  /** of this round, exact float64: replay computes no schedule */
  learningRate: number;
  /** how many devices' differences went in; u16 */
  reports: number;
  /** ids of the direction groups present, ascending; u16 each, 1 to 255 of them */
  groups: number[];
  /** q; u8 */
  queries: number;
  /** [groups.length * queries] float64, group by group: projected gradients g_j */
  coefficients: Float64Array;
  /** [32] of the commit before, or of the manifest for round 0 */
  previousHash: Uint8Array;
  /** [32] salted, see hashReports */
  reportsHash: Uint8Array;
  /** [32] of the state after this commit */
  stateHash: Uint8Array;
}

/** A commit as bytes and what stands on them. Decoding does not verify: `verifyLink` does. */
export interface SignedCommit extends Commit {
  /** [64] */
  signature: Uint8Array;
  /** what is stored and sent, signature included */
  bytes: Uint8Array;
  /** [32] SHA-256 of `bytes`: the next commit's previousHash */
  hash: Uint8Array;
}

const version = 1;
const hashBytes = 32;
const signatureBytes = 64;
const signatureDomain = utf8('seedfleet/commit/v1');

/**
 * All little endian: u8 version, u32 round, u32 attempt, f64 learning rate, u16 reports, u8 groups, u8 queries, u16 group ids,
 * f64 coefficients, previous, reports and state hash, signature. 247 bytes at one group of eight queries.
 *
 * The signature covers `"seedfleet/commit/v1"` ‖ manifest hash ‖ everything before it. The manifest hash is not in the bytes (who reads a
 * commit has the manifest) but binds the commit to its run, so that a commit of another run of the same coordinator never verifies.
 * @param privateKey the coordinator's; 32 bytes
 * @throws FleetError `log.malformed` if the commit does not fit its own format
 */
export function encodeCommit(commit: Commit & { manifestHash: Uint8Array }, privateKey: Uint8Array): SignedCommit {
  requireFields(commit);
  const writer = new ByteWriter().u8(version).u32(commit.round).u32(commit.attempt).f64(commit.learningRate).u16(commit.reports)
    .u8(commit.groups.length).u8(commit.queries);
  for (const group of commit.groups) writer.u16(group);
  for (const coefficient of commit.coefficients) writer.f64(coefficient);
  const body = writer.bytes(commit.previousHash).bytes(commit.reportsHash).bytes(commit.stateHash).finish();
  const signature = sign(privateKey, signedBytes(commit.manifestHash, body));
  return decodeCommit(concatBytes([body, signature]));
}

/** @throws FleetError `log.malformed`; a changed bit that still decodes is caught by signature and chain */
export function decodeCommit(bytes: Uint8Array): SignedCommit {
  const reader = new ByteReader(bytes, { code: 'log.malformed', what: 'commit' });
  const found = reader.u8();
  if (found !== version) throw reader.malformed(`has version ${found}, this is version ${version}`, 'version');
  const round = reader.u32();
  const attempt = reader.u32();
  const learningRate = reader.f64();
  const reports = reader.u16();
  const groupCount = reader.u8();
  const queries = reader.u8();
  const groups = Array.from({ length: groupCount }, () => reader.u16());
  const coefficients = Float64Array.from({ length: groupCount * queries }, () => reader.f64());
  const [previousHash, reportsHash, stateHash] = [reader.bytes(hashBytes), reader.bytes(hashBytes), reader.bytes(hashBytes)];
  const signature = reader.bytes(signatureBytes);
  reader.end();
  const commit = { round, attempt, learningRate, reports, groups, queries, coefficients, previousHash, reportsHash, stateHash };
  requireFields(commit);
  const own = bytes.slice();
  return { ...commit, signature, bytes: own, hash: sha256(own) };
}

/** Whether the coordinator signed this commit for this run. */
export function isSignedBy(commit: SignedCommit, { coordinatorKey, manifestHash }: { coordinatorKey: Uint8Array; manifestHash: Uint8Array }): boolean {
  const body = commit.bytes.subarray(0, commit.bytes.length - signatureBytes);
  return verify({ publicKey: coordinatorKey, message: signedBytes(manifestHash, body), signature: commit.signature });
}

function signedBytes(manifestHash: Uint8Array, body: Uint8Array): Uint8Array {
  return concatBytes([signatureDomain, manifestHash, body]);
}

function requireFields(commit: Commit): void {
  const refuse = (field: string, problem: string): never => {
    throw new FleetError('log.malformed', { field, problem: `The commit has ${problem}.` });
  };
  const integer = (field: string, value: number, { min, max }: { min: number; max: number }) => {
    if (!Number.isInteger(value) || value < min || value > max) refuse(field, `a ${field} outside ${min} to ${max}`);
  };
  integer('round', commit.round, { min: 0, max: 0xffffffff });
  integer('attempt', commit.attempt, { min: 0, max: 0xffffffff });
  integer('reports', commit.reports, { min: 1, max: 0xffff });
  integer('queries', commit.queries, { min: 1, max: 0xff });
  integer('groups', commit.groups.length, { min: 1, max: 0xff });
  commit.groups.forEach((group, i) => {
    integer('groups', group, { min: 0, max: 0xffff });
    if (i > 0 && group <= (commit.groups[i - 1] ?? -1)) refuse('groups', 'group ids that do not ascend');
  });
  if (!Number.isFinite(commit.learningRate) || commit.learningRate < 0) refuse('learningRate', 'a learning rate that is negative or not finite');
  if (commit.coefficients.length !== commit.groups.length * commit.queries) refuse('coefficients', 'another number of coefficients than groups times queries');
  if (!commit.coefficients.every(Number.isFinite)) refuse('coefficients', 'a coefficient that is not finite');
  for (const field of ['previousHash', 'reportsHash', 'stateHash'] as const) {
    if (commit[field].length !== hashBytes) refuse(field, `a ${field} that is not 32 bytes`);
  }
}
