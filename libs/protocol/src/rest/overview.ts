import { z } from 'zod';
import { instant, runId } from './fields.js';

/** Something that wants a person, with the page that it is on. */
export const attentionKinds = ['run-failed', 'run-stalled', 'run-paused', 'devices-pending', 'devices-failed', 'alert-firing', 'token-expiring', 'device-cloned'] as const;

export const overviewSchema = z.object({
  /** of the last 24 hours, oldest first; the last one is not over */
  hours: z.array(z.object({
    from: instant, committed: z.int().min(0), abandoned: z.int().min(0),
    /** devices that were connected at any time of the hour */
    connected: z.int().min(0),
  })).length(24),
  attention: z.array(z.object({ kind: z.enum(attentionKinds), run: runId.nullable(), name: z.string(), detail: z.string(), since: instant.nullable() })).max(50),
});
export type Overview = z.infer<typeof overviewSchema>;
