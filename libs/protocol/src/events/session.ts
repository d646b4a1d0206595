import { z } from 'zod';
import { limits } from '../limits.js';
import { deadlineMs, hashBytes, refusalSchema, roundNumber, runNumber, shortText } from './fields.js';
import { deviceStatement } from './device-statement.js';
import { event } from './event.js';

/** What a worker draws when it starts: two processes with one key are told apart by it. 64 random bits in hex. */
export const instanceId = z.string().regex(/^[0-9a-f]{16}$/);

/** First message on every connection: who I am, and what state each of my runs is in. */
export const sessionHello = event({
  number: 1,
  from: 'device',
  message: z.strictObject({
    /** any version passes the schema, so that an old device is told that it is old */
    protocol: z.int().min(0).max(65_535),
    workerVersion: shortText,
    capabilities: z.strictObject({
      threads: z.int().min(1).max(4_096),
      memoryMegabytes: z.int().min(1).max(1_000_000_000),
      platform: shortText,
      /** milliseconds of one step in the run that this device prepared last: all rows of one batch; absent until it has prepared one */
      forwardMs: z.number().min(0).max(limits.deadlineMsMax).optional(),
      /** highest resident memory of the worker after that step */
      peakMegabytes: z.int().min(1).max(1_000_000_000).optional(),
    }),
    runs: z.array(z.strictObject({ run: runNumber, round: roundNumber, stateHash: hashBytes })).max(limits.runsPerDeviceMax),
    instance: instanceId.optional(),
    /** policy, data sets and last error; older workers state nothing */
    statement: deviceStatement.optional(),
  }),
  ack: z.strictObject({
    deviceName: shortText,
    runs: z.array(z.strictObject({
      run: runNumber,
      /** head of the run: commits so far */
      round: roundNumber,
      stateMatches: z.boolean(),
    })).max(limits.runsPerDeviceMax),
    /** come back after this long: the coordinator has nothing to do for this device until then */
    comeBackMs: deadlineMs.optional(),
  }),
  refusals: ['protocol.client-too-old', 'protocol.server-too-old', 'device.revoked', 'device.not-approved', 'device.suspended'],
});

/** An error that answers no message: bytes that could not be read, a device that was revoked while connected. */
export const sessionRefused = event({
  number: 2,
  from: 'coordinator',
  message: z.strictObject({ error: refusalSchema }),
  ack: null,
  refusals: [],
});

/**
 * Made by the decoder from bytes that it could not read, handed to the namespace in place of the event they meant.
 * Answer the ack if there is one (`{ok: false, error}`), else send `session:refused {error}`.
 */
export const packetInvalid = event({
  number: 0,
  from: 'parser',
  message: z.strictObject({
    /** the event that the packet meant, if that much could be read */
    event: z.string().max(limits.nameCharactersMax).nullable(),
    error: refusalSchema,
  }),
  ack: null,
  refusals: [],
});

/** Says which side has to be updated, or null if both speak the same protocol. */
export function protocolMismatch(theirs: number, range: { min: number; max: number }): 'protocol.client-too-old' | 'protocol.server-too-old' | null {
  if (theirs < range.min) return 'protocol.client-too-old';
  if (theirs > range.max) return 'protocol.server-too-old';
  return null;
}

