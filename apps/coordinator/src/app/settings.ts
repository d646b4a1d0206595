import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { z } from 'zod';

const settingsSchema = z.object({
  SEEDFLEET_HOME: z.string().min(1).optional(),
  SEEDFLEET_HOST: z.string().min(1).default('127.0.0.1'),
  /** 0: any free port */
  SEEDFLEET_PORT: z.coerce.number<string>().int().min(0).max(65_535).default(7337),
  SEEDFLEET_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'expected postgresql://...').optional(),
});

/** Everything that may differ from one coordinator to another. */
export interface Settings {
  /** folder of the database, keys and models; private to this process */
  home: string;
  host: string;
  port: number;
  logLevel: string;
  /** null: the embedded database */
  databaseUrl: string | null;
}

/**
 * @param environment variables of the process; empty ones count as unset
 * @param userHome    where `.seedfleet/coordinator` is made without SEEDFLEET_HOME
 * @throws FleetError `settings.invalid` naming the variable
 */
export function readSettings(environment: Record<string, string | undefined>, userHome: string): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FleetError('settings.invalid', { field: issue?.path.join('.') ?? '', problem: `The environment is not valid: ${issue?.path.join('.')}: ${issue?.message}.` });
  }
  const { SEEDFLEET_HOME, SEEDFLEET_HOST, SEEDFLEET_PORT, SEEDFLEET_LOG_LEVEL, DATABASE_URL } = parsed.data;
  return {
    home: SEEDFLEET_HOME ?? join(userHome, '.seedfleet', 'coordinator'),
    host: SEEDFLEET_HOST, port: SEEDFLEET_PORT, logLevel: SEEDFLEET_LOG_LEVEL, databaseUrl: DATABASE_URL ?? null,
  };
}
