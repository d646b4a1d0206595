import { z } from 'zod';

/** GET /livez, /readyz, /startupz: one line for each part that was looked at. */
export const healthSchema = z.object({ status: z.enum(['ok', 'failing']), parts: z.record(z.string(), z.enum(['ok', 'failing'])) });
export type Health = z.infer<typeof healthSchema>;

/** GET /version. */
export const versionSchema = z.object({
  version: z.string(),
  protocol: z.object({ min: z.int(), max: z.int() }),
  node: z.string(),
});
export type Version = z.infer<typeof versionSchema>;
