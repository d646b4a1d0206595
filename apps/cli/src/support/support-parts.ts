import { routes, type Alert, type AlertRule, type AuditEntry, type Device, type Model, type Run, type System } from '@seedfleet/protocol';
import { allPages } from '../coordinator/all-pages.js';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';

/** Entries of the audit log, runs and alerts that a bundle holds: the newest. */
const newest = 50;

/** One file of a bundle. */
export interface SupportPart { name: string; read(client: CoordinatorClient): Promise<unknown> }

/**
 * What a bundle holds of a coordinator. Each part names the fields that it takes, so that whatever the API says tomorrow stays out until
 * somebody adds it here: no name that a person gave, no text, no token, nothing of a device's data or of what it computed.
 */
export const supportParts: readonly SupportPart[] = [
  { name: 'version.json', read: (client) => client.json(routes.version) },
  { name: 'health.json', read: (client) => client.json(routes.readyz, { taken: [503] }) },
  { name: 'system.json', read: async (client) => systemPart(await client.json(routes.showSystem)) },
  { name: 'metrics.txt', read: (client) => client.text(routes.metrics) },
  { name: 'audit.json', read: async (client) => ({ verification: await client.json(routes.verifyAudit), newest: (await client.json(routes.listAuditEntries, { query: { limit: newest } })).items.map(auditPart) }) },
  { name: 'runs.json', read: async (client) => (await client.json(routes.listRuns, { query: { limit: newest } })).items.map(runPart) },
  { name: 'models.json', read: async (client) => (await client.json(routes.listModels)).items.map(modelPart) },
  { name: 'devices.json', read: async (client) => devicesPart(await allPages((cursor) => client.json(routes.listDevices, { query: { cursor, limit: 500 } }))) },
  { name: 'alerts.json', read: async (client) => alertsPart((await client.json(routes.listAlertRules)).items, (await client.json(routes.listAlerts, { query: { limit: newest } })).items) },
];

const systemPart = ({ disk: { home: _, ...disk }, replicas, ...rest }: System) => ({ ...rest, disk, replicas: replicas.map(({ host: _host, ...replica }) => replica) });

const auditPart = ({ sequence, at, action, hash }: AuditEntry) => ({ sequence, at, action, hash });

const runPart = ({ id, state, cause, round, roundsMax, devices, createdAt, startedAt, endedAt, manifestHash, headHash }: Run) => ({ id, state, cause: causePart(cause), round, roundsMax, devices, createdAt, startedAt, endedAt, manifestHash, headHash });

/** A cause is a word of the coordinator or a sentence about this run: the words only. */
const causePart = (cause: string | null) => (cause === null ? null : /^[a-z]+(?:[.-][a-z]+)*$/.exec(cause)?.[0] ?? 'a sentence, left out');

const modelPart = ({ id, state, files, sites, tasks }: Model) => ({ id, state, bytes: files.reduce((sum, file) => sum + file.bytes, 0), files: files.length, sites: sites.length, tasks });

/** How many there are of each kind. */
function devicesPart(devices: readonly Device[]) {
  const counts = (kindOf: (device: Device) => string | null) => {
    const counted = new Map<string, number>();
    for (const device of devices) counted.set(kindOf(device) ?? 'unknown', (counted.get(kindOf(device) ?? 'unknown') ?? 0) + 1);
    return Object.fromEntries([...counted].sort());
  };
  // Version and platform are what the worker says: anything but a version or a platform is left out.
  const word = (text: string | null) => (text === null ? null : /^[\w.-]{1,40}$/.exec(text)?.[0] ?? 'unlike any');
  return { count: devices.length, online: devices.filter(({ online }) => online).length, byState: counts(({ state }) => state), byWorkerVersion: counts(({ workerVersion }) => word(workerVersion)), byPlatform: counts(({ platform }) => word(platform)) };
}

function alertsPart(rules: readonly AlertRule[], alerts: readonly Alert[]) {
  const typeOf = new Map(rules.map(({ id, condition }) => [id, condition.type]));
  return { rules: rules.map(({ condition, channels, silencedUntil }) => ({ condition, channels: channels.length, silencedUntil })), newest: alerts.map(({ rule, firedAt, resolvedAt }) => ({ type: rule === null ? null : typeOf.get(rule) ?? null, firedAt, resolvedAt })) };
}
