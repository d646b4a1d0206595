import { z } from 'zod';

/** POST /backups: whether the files of models go into the archive, or only their paths and hashes. */
export const backupQuery = z.strictObject({ models: z.enum(['include', 'list']).default('include') });
