import { z } from 'zod';
import { commitCount, instant, pageQuery } from './fields.js';

/** Where an event of a run comes from: an operator's change, a round's end, an evaluation, a coordinator that took the run up again. */
export const runEventKinds = ['change', 'round', 'evaluation', 'mark'] as const;

export const runEventsQuery = pageQuery.extend({ kind: z.enum(runEventKinds).optional() });

export const runEventSchema = z.object({
  at: instant,
  kind: z.enum(runEventKinds),
  /** run.pause, committed, abandoned, evaluated, restart, ... */
  what: z.string(),
  round: commitCount.nullable(),
  /** who did it; null: the coordinator by itself */
  who: z.string().nullable(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type RunEvent = z.infer<typeof runEventSchema>;
