import { z } from 'zod';
import { commitCount, instant, runId } from './fields.js';

/** What can happen to a device, or come of it. */
export const timelineKinds = [
  'enrolled', 'approved', 'suspended', 'resumed', 'revoked', 'tagged', 'key-rotated', 'key-rotation-asked', 're-enrolment-offered', 're-enrolled', 'cloned',
  'connected', 'disconnected', 'reported', 'run-failed', 'run-left', 'error',
] as const;

/** One thing that happened to a device. Who did it stands in the audit log. */
export const timelineEntrySchema = z.object({
  at: instant,
  kind: z.enum(timelineKinds),
  run: runId.nullable(),
  /** of `reported`: the first and the last round of the day, and how many there were between them */
  firstRound: commitCount.nullable(),
  lastRound: commitCount.nullable(),
  reports: z.int().min(0).nullable(),
  /** of what went wrong */
  code: z.string().nullable(),
});
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;
