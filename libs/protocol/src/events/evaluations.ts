import { z } from 'zod';
import { deadlineMs, exampleCount, roundNumber, runNumber } from './fields.js';
import { event } from './event.js';
import { acceptance } from './rounds.js';

/** Asks a device to evaluate the state after `round` commits on its held-out data. */
export const evaluationStart = event({
  number: 9,
  from: 'coordinator',
  message: z.strictObject({ run: runNumber, round: roundNumber, deadlineMs }),
  ack: acceptance,
  refusals: ['run.unknown', 'round.unknown'],
});

/** Sums over the held-out examples of one device, never one example's loss. */
export const evaluationReport = event({
  number: 10,
  from: 'device',
  message: z.strictObject({
    run: runNumber,
    round: roundNumber,
    lossSum: z.number(),
    correct: exampleCount,
    count: exampleCount.min(1),
  }).refine((report) => report.correct <= report.count, { path: ['correct'], message: 'expected at most count' }),
  ack: z.strictObject({ recorded: z.literal(true) }),
  refusals: ['run.unknown', 'round.unknown', 'round.closed', 'report.not-in-cohort', 'report.not-finite', 'report.examples'],
});
