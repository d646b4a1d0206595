import { z } from 'zod';
import { attemptNumber, commitBytes, deadlineMs, exampleCount, groupNumber, hashBytes, roundDifferences, roundNumber, roundSeeds, runNumber } from './fields.js';
import { event } from './event.js';

/** Why a device does not take part in a round. The order is the number on the wire: append only. */
export const declineReasons = ['busy', 'policy', 'no-data', 'power', 'state-mismatch', 'budget'] as const;
export const declineReason = z.enum(declineReasons);

/** What `accepted: false` says beside its reason: the same answer for every offer of work. */
export const acceptance = z.strictObject({ accepted: z.boolean(), reason: declineReason.optional() });

/** Asks a device for the differences of one round. Seeds are chained: the device derives them again and checks. */
export const roundStart = event({
  number: 5,
  from: 'coordinator',
  message: z.strictObject({
    run: runNumber,
    round: roundNumber,
    attempt: attemptNumber,
    group: groupNumber,
    seeds: roundSeeds,
    deadlineMs,
  }),
  ack: acceptance,
  refusals: ['run.unknown', 'round.closed'],
});

/** The q differences of one device. Idempotent by (run, round, attempt, device): a retry is answered as the first was. */
export const roundReport = event({
  number: 6,
  from: 'device',
  message: z.strictObject({
    run: runNumber,
    round: roundNumber,
    attempt: attemptNumber,
    /** of the state that the differences were measured at */
    stateHash: hashBytes,
    examples: exampleCount.min(1),
    differences: roundDifferences,
  }),
  ack: z.strictObject({ recorded: z.literal(true) }),
  refusals: ['report.length', 'report.not-finite', 'report.examples', 'report.duplicate-differs', 'report.stale-state', 'report.not-in-cohort',
    'round.closed', 'round.unknown', 'round.wrong-attempt', 'run.unknown', 'run.not-running', 'intake.full'],
});

/** One durable commit, to every connected member of the run; `next` may start the following round in the same packet. */
export const roundCommit = event({
  number: 7,
  from: 'coordinator',
  message: z.strictObject({
    run: runNumber,
    commit: commitBytes,
    next: z.strictObject({ attempt: attemptNumber, group: groupNumber, seeds: roundSeeds, deadlineMs }).nullish(),
  }),
  ack: null,
  refusals: [],
});
