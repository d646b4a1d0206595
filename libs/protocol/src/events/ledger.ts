import { z } from 'zod';
import { limits } from '../limits.js';
import { commitBytes, roundNumber, runNumber } from './fields.js';
import { event } from './event.js';

/** The end of a log from a round on, a page at a time: ask again from `from + commits.length` until that is `head`. */
export const ledgerTail = event({
  number: 8,
  from: 'device',
  message: z.strictObject({ run: runNumber, from: roundNumber }),
  ack: z.strictObject({
    /** in order of their rounds; together at most `limits.tailPageBytesMax` bytes */
    commits: z.array(commitBytes).max(4_096)
      .refine((commits) => commits.reduce((sum, commit) => sum + commit.length, 0) <= limits.tailPageBytesMax, `expected at most ${limits.tailPageBytesMax} bytes of commits`),
    /** commits so far */
    head: roundNumber,
    /** the newest checkpoint, to be fetched over HTTP if that is cheaper than the log */
    checkpoint: z.strictObject({ round: roundNumber, bytes: z.int().min(0).max(limits.fileBytesMax) }).nullable(),
  }),
  refusals: ['run.unknown', 'round.unknown'],
});
