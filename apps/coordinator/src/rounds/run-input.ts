import { type ConductorInput } from '@seedfleet/rounds';
import { z } from 'zod';

const device = z.string();
const round = z.int();
const attempt = z.int();
const counts = z.array(z.int());

/**
 * What a conductor hears from other replicas than the one that leads its run. Reports are not here: they travel as rows of their own.
 * An arrival says `atHead` where the device had the state of the head when it said so: whatever was committed since, it gets from its replica.
 */
export const runInputSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('arrival'), device, round, stateMatches: z.boolean(), atHead: z.boolean(), trainExamples: z.int(), heldOutExamples: z.int() }),
  z.object({ type: z.literal('departure'), device }),
  z.object({ type: z.literal('accept'), device, round, attempt }),
  z.object({ type: z.literal('decline'), device, round, attempt, reason: z.enum(['busy', 'policy', 'no-data', 'power', 'state-mismatch', 'budget', 'unanswered']) }),
  z.object({ type: z.literal('evaluation-decline'), device, round }),
  z.object({
    type: z.literal('evaluation-report'), device, round, lossSum: z.number(), correct: z.int(), count: z.int(),
    perClass: z.object({ actual: counts, predicted: counts, correct: counts }).optional(),
  }),
  z.object({ type: z.literal('pause') }),
  z.object({ type: z.literal('resume') }),
  z.object({ type: z.literal('stop'), cause: z.string() }),
  z.object({ type: z.literal('set-aside'), devices: z.array(z.string()).readonly() }),
  z.object({ type: z.literal('devices-freed') }),
]);
export type RunInput = z.infer<typeof runInputSchema>;

/** @param head commits of the run as its conductor knows them now */
export function toConductorInput(input: RunInput, head: number): ConductorInput {
  switch (input.type) {
    case 'arrival': {
      const { atHead, ...arrival } = input;
      return { ...arrival, round: atHead ? Math.max(arrival.round, head) : arrival.round };
    }
    case 'evaluation-report': {
      const { perClass, ...report } = input;
      return perClass === undefined ? report : { ...report, perClass };
    }
    default:
      return input;
  }
}
