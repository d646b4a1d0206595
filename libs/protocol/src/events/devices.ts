import { z } from 'zod';
import { limits } from '../limits.js';
import { deviceLogEntry, instantMs, logSequence } from './device-log.js';
import { event } from './event.js';
import { errorCode, problemText, roundNumber, runNumber, shortText } from './fields.js';

/** Whether the worker answers: its clock, and for how long its process has run. */
export const devicePing = event({
  number: 12,
  from: 'coordinator',
  message: z.strictObject({}),
  ack: z.strictObject({ nowMs: instantMs, uptimeSeconds: z.int().min(0).max(limits.roundsMax) }),
  refusals: [],
});

/** Where the runs of a device stand, once it has compared them with the coordinator: it says its hello again, and catches up or begins anew where it differs. */
export const deviceResync = event({
  number: 13,
  from: 'coordinator',
  message: z.strictObject({}),
  ack: z.strictObject({ runs: z.array(z.strictObject({
    run: runNumber,
    /** commits that the device has applied */
    round: roundNumber,
    /** commits of the run */
    head: roundNumber,
    stateMatches: z.boolean(),
  })).max(limits.runsPerDeviceMax) }),
  refusals: ['coordinator.unreachable'],
});

/** How a check of the doctor ended. The order is the number on the wire: append only. */
export const checkResults = ['passed', 'failed', 'skipped'] as const;

/** The checks that the worker's own doctor makes. What went wrong is a code; `problem` may name paths, and is sent only where the owner of the device allows that. */
export const deviceDoctor = event({
  number: 14,
  from: 'coordinator',
  message: z.strictObject({}),
  ack: z.strictObject({ findings: z.array(z.strictObject({
    check: shortText,
    result: z.enum(checkResults),
    code: errorCode.optional(),
    /** of a check that passed: a version, a count */
    detail: problemText.optional(),
    problem: problemText.optional(),
  })).max(limits.doctorFindingsMax) }),
  refusals: [],
});

/** Lines of the device's log behind `after`, oldest first; the newest ones if there are more than `limit`. */
export const deviceLog = event({
  number: 15,
  from: 'coordinator',
  message: z.strictObject({ after: logSequence, limit: z.int().min(1).max(limits.logPageEntriesMax) }),
  ack: z.strictObject({ entries: z.array(deviceLogEntry).max(limits.logPageEntriesMax) }),
  refusals: [],
});

/** An operator wants the device to have another key: it makes one, and changes it over HTTP when it has answered. */
export const deviceRotateKey = event({
  number: 16,
  from: 'coordinator',
  message: z.strictObject({}),
  ack: z.strictObject({ accepted: z.literal(true) }),
  refusals: [],
});
