import { z } from 'zod';
import { type FilterFields } from '../filter/filter.js';
import { filterText } from '../filter/filter-text.js';
import { datasetStatement, policyStatement } from '../events/device-statement.js';
import { deviceDoctorSchema, devicePingSchema, deviceResyncSchema } from './device-calls.js';
import { instant, opaqueId, pageQuery, runId } from './fields.js';

export const deviceStates = ['pending', 'active', 'suspended', 'revoked'] as const;
export const deviceState = z.enum(deviceStates);
export type DeviceState = z.infer<typeof deviceState>;

/** What an operator may do to a device: the last part of POST /devices/:id/... */
export const deviceActions = ['approve', 'suspend', 'resume', 'revoke'] as const;

/** A word that an operator hangs on a device, to find it by. */
export const tag = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}_.:/-]{0,49}$/u, 'expected letters, digits and _ . : / -, at most 50');

/** What a dynamic group can be made of: no groups, so that none is made of itself. */
export const groupFilterFields = {
  name: 'text', state: 'choice', online: 'choice', tag: 'words', platform: 'text', worker: 'text', seen: 'age', enrolled: 'age', threads: 'number', memory: 'number', step: 'number', peak: 'number', dataset: 'words', task: 'words',
} as const satisfies FilterFields;
/** What a list of devices can be filtered by; a group by its name. */
export const deviceFilterFields = { ...groupFilterFields, group: 'words' } as const satisfies FilterFields;

const deviceFilter = filterText(deviceFilterFields);

export const deviceQuery = pageQuery.extend({ state: deviceState.optional(), filter: deviceFilter.optional() });
export const deviceCountQuery = z.strictObject({ filter: deviceFilter.default('') });
/** How many devices a filter means, by state and presence. */
export const deviceCountSchema = z.object({ count: z.int().min(0), online: z.int().min(0), states: z.record(deviceState, z.int().min(0)) });
export type DeviceCount = z.infer<typeof deviceCountSchema>;

export const tagsRequest = z.strictObject({ tags: z.array(tag).max(50).refine((tags) => new Set(tags).size === tags.length, 'expected every tag once') });

export const bulkActions = ['approve', 'suspend', 'resume', 'revoke', 'add-tag', 'remove-tag'] as const;
/**
 * One action on every device that a filter means. `expected` is how many the operator was shown: if others are meant by now, nothing happens.
 */
export const bulkRequest = z.strictObject({
  filter: deviceFilter, action: z.enum(bulkActions), tag: tag.optional(), expected: z.int().min(1).max(100_000),
}).refine(({ action, tag: word }) => action.endsWith('-tag') === (word !== undefined), { path: ['tag'], message: 'expected with add-tag and remove-tag, and with them only' });
/** Devices that were changed, and those that were not because of the state that they are in. */
export const bulkSchema = z.object({ changed: z.int().min(0), unchanged: z.array(z.object({ id: opaqueId, name: z.string(), state: deviceState })).max(100_000) });
export type BulkResult = z.infer<typeof bulkSchema>;

export const deviceSchema = z.object({
  id: opaqueId,
  name: z.string(),
  state: deviceState,
  /** whether an authenticated socket of it is open now */
  online: z.boolean(),
  /** of its public key, as the device prints it when it enrols */
  fingerprint: z.string(),
  workerVersion: z.string().nullable(),
  platform: z.string().nullable(),
  lastSeenAt: instant.nullable(),
  enrolledAt: instant,
  /** in alphabetical order */
  tags: z.array(tag),
  /** threads that it computes with, and memory of the machine, as it says */
  threads: z.int().nullable(),
  memoryMegabytes: z.number().nullable(),
  /** measured on the run that it prepared last: milliseconds of one step (all rows of one batch), and the peak of its process */
  forwardMs: z.number().nullable(),
  peakMegabytes: z.number().nullable(),
  /** when two processes were last seen taking turns with its key: somebody has a copy; null: never with the key that it has now */
  clonedAt: instant.nullable(),
});
export type Device = z.infer<typeof deviceSchema>;

/** A key that the device had before the present one. */
export const formerKeySchema = z.object({ fingerprint: z.string(), since: instant, until: instant, cause: z.enum(['rotated', 're-enrolled']) });

/** One device with everything that is known of it. */
export const deviceDetailSchema = deviceSchema.extend({
  /** since when it has its present key */
  keySince: instant,
  /** newest first */
  formerKeys: z.array(formerKeySchema),
  /** what it stated at its last hello; null of workers that state nothing */
  statement: z.object({ at: instant, policy: policyStatement, datasets: z.array(datasetStatement) }).nullable(),
  /** the last error in its own log, as of its last hello or the last look at its log; by its clock */
  lastError: z.object({ at: instant, code: z.string(), run: runId.nullable(), fix: z.string().nullable() }).nullable(),
  /** its last answers to operators */
  checks: z.object({ ping: devicePingSchema.nullable(), resync: deviceResyncSchema.nullable(), doctor: deviceDoctorSchema.nullable() }),
});
export type DeviceDetail = z.infer<typeof deviceDetailSchema>;
