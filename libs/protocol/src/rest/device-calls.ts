import { z } from 'zod';
import { checkResults } from '../events/devices.js';
import { logLevels } from '../events/device-log.js';
import { limits } from '../limits.js';
import { commitCount, instant, runId } from './fields.js';

/** A device answered: how long that took, and how far its clock is from the coordinator's (positive: ahead), half of the way taken off. */
export const devicePingSchema = z.object({ at: instant, milliseconds: z.number().min(0), clockSkewMs: z.number(), uptimeSeconds: z.int().min(0) });
export type DevicePing = z.infer<typeof devicePingSchema>;

/** Where the device stood when it had compared itself with the coordinator: `round` of `head` commits applied; one that differs begins anew by itself. */
export const deviceResyncSchema = z.object({ at: instant, runs: z.array(z.object({ run: runId, round: commitCount, head: commitCount, stateMatches: z.boolean() })) });
export type DeviceResync = z.infer<typeof deviceResyncSchema>;

export const deviceFindingSchema = z.object({
  check: z.string(),
  result: z.enum(checkResults),
  /** what went wrong, and what to do about it; null where nothing did */
  code: z.string().nullable(),
  fix: z.string().nullable(),
  /** of a check that passed: a version, a count */
  detail: z.string().nullable(),
  /** what exactly went wrong: may name paths of the device, so null unless its owner lets them out */
  problem: z.string().nullable(),
});
/** `passed`: no check failed. */
export const deviceDoctorSchema = z.object({ at: instant, passed: z.boolean(), findings: z.array(deviceFindingSchema) });
export type DeviceDoctor = z.infer<typeof deviceDoctorSchema>;

export const deviceLogQuery = z.strictObject({
  /** sequence of the last line that is known already; 0: from the oldest kept */
  after: z.coerce.number<number | string>().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  limit: z.coerce.number<number | string>().int().min(1).max(limits.logPageEntriesMax).default(100),
});
const count = z.int().min(0);
export const deviceLogLineSchema = z.object({
  sequence: count,
  /** by the clock of the device */
  at: instant,
  level: z.enum(logLevels),
  code: z.string(),
  /** of an error code: what to do about it */
  fix: z.string().nullable(),
  run: runId.optional(),
  round: commitCount.optional(),
  attempt: commitCount.optional(),
  examples: count.optional(),
  rounds: count.optional(),
  bytes: count.optional(),
  milliseconds: count.optional(),
  megabytes: count.optional(),
});
export type DeviceLogLine = z.infer<typeof deviceLogLineSchema>;
/** Lines behind `after`, oldest first; of more than `limit` the newest. */
export const deviceLogSchema = z.object({ items: z.array(deviceLogLineSchema) });

/** The device has heard that it is to change its key; the new fingerprint shows when it has. */
export const keyRotationSchema = z.object({ asked: z.literal(true) });
