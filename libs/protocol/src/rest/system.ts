import { z } from 'zod';
import { instant } from './fields.js';

const count = z.int().min(0);

/** How the coordinator does: what an operator looks at before it is trouble. */
export const systemSchema = z.object({
  version: z.string(), node: z.string(), platform: z.string(), startedAt: instant,
  database: z.object({
    kind: z.enum(['embedded', 'postgresql']), version: z.string(), bytes: count, migrations: count,
    /** the largest first; rows null until the database has counted them */
    tables: z.array(z.object({ name: z.string(), bytes: count, rows: count.nullable() })).max(10),
    connections: z.object({ open: count, idle: count, max: count, waiting: count }),
    /** one statement, there and back */
    answerMs: z.number(),
  }),
  disk: z.object({ home: z.string(), freeBytes: count, totalBytes: count, modelBytes: count }),
  memory: z.object({ residentBytes: count, heapBytes: count, systemFreeBytes: count, systemBytes: count }),
  /** of the last minute: how long a ready callback waited */
  eventLoop: z.object({ meanMs: z.number(), p99Ms: z.number() }),
  devices: z.object({ connected: count, enrolled: count }),
  runs: z.object({ going: count, ledHere: count }),
  /** processes over this database that were heard of within the length of a lease, oldest first */
  replicas: z.array(z.object({ id: z.string(), host: z.string(), version: z.string(), startedAt: instant, leads: count })).max(100),
  retention: z.object({ reportDays: count, reportRounds: count, checkpointEvery: count }),
  settings: z.object({ mail: z.boolean(), traces: z.boolean(), logLevel: z.string() }),
});
export type System = z.infer<typeof systemSchema>;
