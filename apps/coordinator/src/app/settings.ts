import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { z } from 'zod';
import { type IdentitySettings, readIdentitySettings } from '../operators/identity-settings.js';
import { type RetentionSettings } from '../retention/retention-settings.js';
import { type TraceSettings } from '../tracing/trace-sink.js';

const settingsSchema = z.object({
  SEEDFLEET_HOME: z.string().min(1).optional(),
  SEEDFLEET_HOST: z.string().min(1).default('127.0.0.1'),
  /** 0: any free port */
  SEEDFLEET_PORT: z.coerce.number<string>().int().min(0).max(65_535).default(7337),
  SEEDFLEET_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** 0: for ever */
  SEEDFLEET_RETENTION_REPORT_DAYS: z.coerce.number<string>().int().min(0).max(36_500).default(90),
  /** 0: all of them */
  SEEDFLEET_RETENTION_REPORT_ROUNDS: z.coerce.number<string>().int().min(0).default(1_000),
  /** 0: all of them */
  SEEDFLEET_RETENTION_CHECKPOINT_EVERY: z.coerce.number<string>().int().min(0).default(10),
  /** smtp(s)://user:password@host:port of the mail server that alerts go out by */
  SEEDFLEET_SMTP_URL: z.string().regex(/^smtps?:\/\//, 'expected smtp(s)://...').optional(),
  SEEDFLEET_SMTP_FROM: z.email().default('seedfleet@localhost.localdomain'),
  /** address of the console as browsers know it, where that is not the one that they ask for */
  SEEDFLEET_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** of an OpenID Connect provider: people sign in there too */
  SEEDFLEET_OIDC_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  SEEDFLEET_OIDC_CLIENT_ID: z.string().optional(),
  SEEDFLEET_OIDC_CLIENT_SECRET: z.string().optional(),
  /** what the button says */
  SEEDFLEET_OIDC_NAME: z.string().max(64).default('Single sign-on'),
  SEEDFLEET_OIDC_SCOPES: z.string().default('openid profile email'),
  /** claim with the groups or roles of a person; dots step into objects */
  SEEDFLEET_OIDC_ROLE_CLAIM: z.string().default('groups'),
  /** value=role, separated by commas; the value * is everybody */
  SEEDFLEET_OIDC_ROLES: z.string().default(''),
  /** subjects, or @domains of verified addresses, separated by commas; empty: whoever gets a role */
  SEEDFLEET_OIDC_ALLOW: z.string().default(''),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().regex(/^https?:\/\//, 'expected http(s)://...').optional(),
  /** key=value, separated by commas */
  OTEL_EXPORTER_OTLP_HEADERS: z.string().default(''),
  OTEL_SERVICE_NAME: z.string().default('seedfleet-coordinator'),
  /** redis(s)://...: several coordinator processes serve one database */
  SEEDFLEET_REDIS_URL: z.string().regex(/^rediss?:\/\//, 'expected redis(s)://...').optional(),
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
  /** null: this process serves its database alone */
  redisUrl: string | null;
  retention: RetentionSettings;
  /** null: alerts send no mail */
  smtp: { url: string; from: string } | null;
  /** null: the address that a request was sent to */
  publicUrl: string | null;
  /** null: nobody signs in at an identity provider */
  identity: IdentitySettings | null;
  /** null: no traces */
  traces: TraceSettings | null;
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
  const { SEEDFLEET_HOME, SEEDFLEET_HOST, SEEDFLEET_PORT, SEEDFLEET_LOG_LEVEL, DATABASE_URL, ...rest } = parsed.data;
  if (rest.SEEDFLEET_REDIS_URL !== undefined && DATABASE_URL === undefined) {
    throw new FleetError('settings.invalid', { field: 'DATABASE_URL', problem: 'SEEDFLEET_REDIS_URL is set, and the embedded database serves one process only.' });
  }
  const endpoint = rest.OTEL_EXPORTER_OTLP_ENDPOINT;
  return {
    home: SEEDFLEET_HOME ?? join(userHome, '.seedfleet', 'coordinator'),
    host: SEEDFLEET_HOST, port: SEEDFLEET_PORT, logLevel: SEEDFLEET_LOG_LEVEL, databaseUrl: DATABASE_URL ?? null, redisUrl: rest.SEEDFLEET_REDIS_URL ?? null,
    retention: { reportDays: rest.SEEDFLEET_RETENTION_REPORT_DAYS, reportRounds: rest.SEEDFLEET_RETENTION_REPORT_ROUNDS, checkpointEvery: rest.SEEDFLEET_RETENTION_CHECKPOINT_EVERY },
    smtp: rest.SEEDFLEET_SMTP_URL === undefined ? null : { url: rest.SEEDFLEET_SMTP_URL, from: rest.SEEDFLEET_SMTP_FROM },
    publicUrl: rest.SEEDFLEET_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    identity: readIdentitySettings(rest),
    traces: endpoint === undefined ? null : { endpoint, headers: headersOf(rest.OTEL_EXPORTER_OTLP_HEADERS), serviceName: rest.OTEL_SERVICE_NAME },
  };
}

/** As OpenTelemetry writes them: key1=value1,key2=value2, values URL-encoded. */
function headersOf(text: string): Record<string, string> {
  return Object.fromEntries(text.split(',').filter((pair) => pair.includes('=')).map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
  }));
}
