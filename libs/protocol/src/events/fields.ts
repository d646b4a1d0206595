import { type ErrorCode } from '@seedfleet/errors';
import { z } from 'zod';
import { limits } from '../limits.js';
import { withWire } from '../packets/wire.js';
import { bytesWire, floatsWire, seedsWire, textWire } from '../packets/array-wires.js';

/** Number of a run at its coordinator, from 1. */
export const runNumber = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
/** Round of a run, from 0; as a state: the number of commits applied. */
export const roundNumber = z.int().min(0).max(limits.roundsMax);
export const attemptNumber = z.int().min(0).max(limits.roundsMax);
export const groupNumber = z.int().min(0).max(65_535);
/** Milliseconds from now, never an instant: clocks of devices are not trusted. */
export const deadlineMs = z.int().min(1).max(limits.deadlineMsMax);
export const exampleCount = z.int().min(0).max(limits.examplesMax);
export const problemText = z.string().min(1).max(limits.problemCharactersMax);
export const shortText = z.string().min(1).max(limits.nameCharactersMax);

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

/** SHA-256 as 32 bytes. */
export const hashBytes = withWire(bytesWire, z.custom<Uint8Array>((value) => isBytes(value) && value.length === 32, 'expected 32 bytes'));

/** One commit as the ledger encodes it. */
export const commitBytes = withWire(bytesWire, z.custom<Uint8Array>(
  (value) => isBytes(value) && value.length > 0 && value.length <= limits.commitBytesMax, `expected 1 to ${limits.commitBytesMax} bytes`));

/** The seeds of one round and group: [q] unsigned 64-bit. */
export const roundSeeds = withWire(seedsWire, z.custom<BigUint64Array>(
  (value) => value instanceof BigUint64Array && value.length > 0 && value.length <= limits.queriesMax, `expected 1 to ${limits.queriesMax} seeds`));

/**
 * The differences of one device: [q] float32, in the order of the seeds.
 * NaN and infinities pass: the round refuses them with `report.not-finite`, which names the cause better than `message.invalid`.
 */
export const roundDifferences = withWire(floatsWire, z.custom<Float32Array>(
  (value) => value instanceof Float32Array && value.length > 0 && value.length <= limits.queriesMax, `expected 1 to ${limits.queriesMax} differences`));

/** A code of the catalog. Codes of a newer peer pass too: what is new must still be shown to somebody. */
export const errorCode = withWire(textWire, z.custom<ErrorCode>(
  (value) => typeof value === 'string' && value.length <= 64 && /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/.test(value), 'expected an error code'));

/** An error as it crosses the socket. */
export const refusalSchema = z.strictObject({
  code: errorCode,
  problem: z.string().max(limits.problemCharactersMax),
  fix: z.string().max(limits.problemCharactersMax),
  retryable: z.boolean(),
  field: z.string().max(limits.nameCharactersMax).optional(),
  /** when to try again, from now; older peers do not read it */
  retryAfterMs: deadlineMs.optional(),
});
