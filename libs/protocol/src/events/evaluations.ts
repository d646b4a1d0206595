import { z } from 'zod';
import { limits } from '../limits.js';
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

const sumsByClass = z.array(exampleCount).min(2).max(limits.evaluationClassesMax);
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/** Sums over the held-out examples of one device, never one example's loss. A language model's examples are its predicted tokens. */
export const evaluationReport = event({
  number: 10,
  from: 'device',
  message: z.strictObject({
    run: runNumber,
    round: roundNumber,
    lossSum: z.number(),
    correct: exampleCount,
    count: exampleCount.min(1),
    /** [classes] each, in the order of the labels: examples of a class, examples called so, and both at once; not for more classes than `limits.evaluationClassesMax` */
    perClass: z.strictObject({ actual: sumsByClass, predicted: sumsByClass, correct: sumsByClass }).optional(),
  }).refine((report) => report.correct <= report.count, { path: ['correct'], message: 'expected at most count' })
    .refine(({ perClass, correct, count }) => perClass === undefined || agree(perClass, { correct, count }), { path: ['perClass'], message: 'expected sums by class that add up to correct and count' }),
  ack: z.strictObject({ recorded: z.literal(true) }),
  refusals: ['run.unknown', 'round.unknown', 'round.closed', 'report.not-in-cohort', 'report.not-finite', 'report.examples'],
});

interface SumsByClass { actual: readonly number[]; predicted: readonly number[]; correct: readonly number[] }

/** Whether sums by class can be those of one evaluation: they add up, and no class is right more often than it is there or said. */
function agree({ actual, predicted, correct }: SumsByClass, whole: { correct: number; count: number }): boolean {
  return actual.length === predicted.length && actual.length === correct.length
    && sum(actual) === whole.count && sum(predicted) === whole.count && sum(correct) === whole.correct
    && correct.every((right, index) => right <= Math.min(actual[index] as number, predicted[index] as number));
}
