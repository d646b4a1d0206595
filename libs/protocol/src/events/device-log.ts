import { errors, type ErrorCode } from '@seedfleet/errors';
import { z } from 'zod';
import { attemptNumber, errorCode, roundNumber, runNumber } from './fields.js';

/** What a device logs beside the error codes of the catalog. Append only. */
export const deviceLogCodes = [
  'worker.started', 'worker.stopped', 'session.connected', 'session.lost', 'session.refused', 'run.joined', 'run.prepared', 'run.ended', 'run.left', 'round.declined',
  'device.resynced', 'device.diagnosed', 'device.key-rotated', 'data.counted',
] as const;
export type DeviceLogCode = (typeof deviceLogCodes)[number] | ErrorCode;

export const logLevels = ['info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Milliseconds since 1970 by the clock of a device: shown, never compared with ours. */
export const instantMs = z.int().min(0).max(8_640_000_000_000_000);
const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Number of a line of a device's log, from 1. */
export const logSequence = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A word such as `noun.problem`: of the list above, of the catalog, or of a newer peer. No sentence fits. */
const logCode = z.string().max(64).regex(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/);

/** An error as a device tells of it: what it was, when (its clock) and in which run. Cause and fix are in the catalog: no text travels. */
export const deviceErrorSchema = z.strictObject({ code: errorCode, atMs: instantMs, run: runNumber.optional() });
export type DeviceError = z.infer<typeof deviceErrorSchema>;

/**
 * One line of a device's log: a code, a level, a time, ids and counts, and nothing else. There is no field that text of a user, a label or a
 * path could stand in; the device builds each line by this schema, so that what it does not name cannot leave.
 */
export const deviceLogEntry = z.strictObject({
  /** counts up by one from the first line of the log of this device */
  sequence: logSequence,
  atMs: instantMs,
  level: z.enum(logLevels),
  code: logCode,
  run: runNumber.optional(),
  round: roundNumber.optional(),
  attempt: attemptNumber.optional(),
  examples: count.optional(),
  rounds: count.optional(),
  bytes: count.optional(),
  milliseconds: count.optional(),
  megabytes: count.optional(),
});
export type DeviceLogEntry = z.infer<typeof deviceLogEntry>;

/** The code of a line if this build knows it. */
export function knownLogCode(code: unknown): DeviceLogCode | null {
  const own = deviceLogCodes.find((known) => known === code);
  if (own !== undefined) return own;
  return typeof code === 'string' && Object.hasOwn(errors, code) ? (code as ErrorCode) : null;
}
