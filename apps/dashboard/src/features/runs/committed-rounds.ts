import { type RoundRow, type Run } from '@seedfleet/protocol';

/** Rounds that made a commit, in their order. */
export const committedRounds = (rounds: RoundRow[]) => rounds.filter((round) => round.state === 'committed');

export const isGoing = (run: Run) => run.state === 'running' || run.state === 'queued' || run.state === 'paused';

/** Rows of the tables beside plots; the rest is in the tab of all rounds. */
export const tableRows = 20;
