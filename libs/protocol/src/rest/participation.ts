import { z } from 'zod';
import { commitCount, opaqueId, pageQuery, sha256Hex } from './fields.js';

/** Columns of a heat map. */
export const participationRoundsMax = 100;

export const participationQuery = pageQuery.extend({
  limit: z.coerce.number<number | string>().int().min(1).max(100).default(50),
  rounds: z.coerce.number<number | string>().int().min(1).max(participationRoundsMax).default(60),
  /** the last round that is shown; the newest without it */
  to: z.coerce.number<number | string>().int().min(0).max(2_147_483_647).optional(),
});

/** A cell: `c` counted, `r` reported to an attempt that was given up, `d` declined, `s` asked and silent, `?` asked, and its reports are deleted, `.` not asked. */
export const participationCells = 'crds?.';

/** The newest attempts, oldest first, and for each device of the page one letter for each of them. */
export const participationSchema = z.object({
  attempts: z.array(z.object({ round: commitCount, attempt: z.int().min(0), committed: z.boolean() })).max(participationRoundsMax),
  items: z.array(z.object({ device: opaqueId, name: z.string(), cells: z.string().regex(/^[crds?.]*$/) })),
  next: z.string().nullable(),
});
export type Participation = z.infer<typeof participationSchema>;

/** States as devices last said them when they were prepared: of one round all must have one hash, that of the commit. */
export const stateHashesSchema = z.object({
  /** the most different hashes that one round has; 0 while no device has said one */
  distinct: z.int().min(0),
  devices: z.int().min(0),
  /** newest first, at most a hundred; `expected` null before the first commit */
  rounds: z.array(z.object({ round: commitCount, expected: sha256Hex.nullable(), said: z.array(z.object({ hash: sha256Hex, devices: z.int().min(1) })) })).max(100),
  /** devices whose hash is another than the commit's, at most fifty */
  differing: z.array(z.object({ device: opaqueId, name: z.string(), round: commitCount, hash: sha256Hex })).max(50),
});
export type StateHashes = z.infer<typeof stateHashesSchema>;
