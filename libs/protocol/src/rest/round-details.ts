import { z } from 'zod';
import { departureReasons } from './run-series.js';
import { causeText, commitCount, instant, opaqueId, pageQuery, runId, sha256Hex } from './fields.js';
import { roundStates } from './runs.js';

/** Run and round in a path. */
export const byRound = z.strictObject({ id: z.coerce.number<number | string>().pipe(runId), round: z.coerce.number<number | string>().pipe(commitCount) });

const count = z.int().min(0);

/** One try at a round. What was kept of it only while a coordinator listened is null where none did. */
const attemptSchema = z.object({
  attempt: count, state: z.enum(roundStates), cause: causeText.nullable(), openedAt: instant, deadlineAt: instant, endedAt: instant.nullable(),
  eligible: count.nullable(), online: count.nullable(), selected: count, accepted: count, reported: count, counted: count,
  declines: z.partialRecord(z.enum(departureReasons), count),
});

/** The commit as the log has it, and whether it holds: checked when it is asked for. */
const roundCommitSchema = z.object({
  attempt: count, hash: sha256Hex, previousHash: sha256Hex, stateHash: sha256Hex, reportsHash: sha256Hex, bytes: count,
  learningRate: z.number(), reports: count, committedAt: instant,
  groups: z.array(z.object({ group: count, seeds: z.array(z.string().regex(/^[0-9a-f]{16}$/)), coefficients: z.array(z.number()) })),
  /** link: signature, and that it follows the commit before; reports: the hash of the stored reports, null once retention has deleted them */
  verified: z.object({ link: z.boolean(), reports: z.boolean().nullable() }),
});

export const roundDetailsSchema = z.object({
  round: commitCount,
  /** the newest first */
  attempts: z.array(attemptSchema).min(1).max(100),
  commit: roundCommitSchema.nullable(),
  /** after this round's commit */
  evaluation: z.object({ loss: z.number(), accuracy: z.number(), count: z.int(), devices: z.int() }).nullable(),
});
export type RoundDetails = z.infer<typeof roundDetailsSchema>;

export const roundDevicesQuery = pageQuery.extend({ attempt: z.coerce.number<number | string>().int().min(0).optional() });

/** What became of a device that a round asked: counted in the commit, reported to an attempt that was given up, declined, no report in time, or not known since retention deleted the reports. */
export const seatOutcomes = ['counted', 'reported', 'declined', 'silent', 'unknown'] as const;

export const roundDeviceSchema = z.object({
  device: opaqueId, name: z.string(), group: count, outcome: z.enum(seatOutcomes), reason: z.enum(departureReasons).nullable(),
  /** seconds from opening to the recorded report */
  arrival: z.number().nullable(), examples: count.nullable(),
  /** one for each direction of its group; null without a report, or after retention */
  differences: z.array(z.number()).nullable(),
});
export type RoundDevice = z.infer<typeof roundDeviceSchema>;
