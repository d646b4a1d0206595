import { z } from 'zod';
import { errorCode, exampleCount, hashBytes, problemText, roundNumber, runNumber } from './fields.js';
import { event } from './event.js';

/** A run wants this device: it fetches the manifest over HTTP, prepares, and answers with `run:prepared`. */
export const runAssigned = event({
  number: 3,
  from: 'coordinator',
  message: z.strictObject({ run: runNumber }),
  ack: z.strictObject({ accepted: z.boolean(), reason: problemText.optional() }),
  refusals: [],
});

/** The state of this device in a run, after it prepared and after every catching up; or why it cannot take part. */
export const runPrepared = event({
  number: 4,
  from: 'device',
  message: z.union([
    z.strictObject({
      run: runNumber,
      round: roundNumber,
      stateHash: hashBytes,
      trainExamples: exampleCount,
      heldOutExamples: exampleCount,
    }),
    z.strictObject({ run: runNumber, failed: z.strictObject({ code: errorCode, problem: problemText }) }),
  ]),
  ack: z.strictObject({
    /** head of the run: commits so far */
    round: roundNumber,
  }),
  refusals: ['run.unknown', 'run.not-running', 'report.stale-state'],
});

/** How a run may end. The order is the number on the wire: append only. */
export const endStates = ['completed', 'failed', 'cancelled'] as const;

/** The run is over: keep or delete its files as the policy of the device says. */
export const runEnded = event({
  number: 11,
  from: 'coordinator',
  message: z.strictObject({ run: runNumber, state: z.enum(endStates), cause: problemText }),
  ack: null,
  refusals: [],
});
