import { type ErrorEntry } from './error-entry.js';

export const roundsErrors = {
  'state.transition': { retryable: false, http: 409, fix: 'Read the state again: docs/rounds.md lists what may follow it.' },
  'report.length': { retryable: false, http: 422, fix: 'Send one difference per query, in the order of the seeds.' },
  'report.not-finite': { retryable: false, http: 422, fix: 'Send finite differences only; a NaN loss means a model or data problem: run the doctor.' },
  'report.examples': { retryable: false, http: 422, fix: 'Send the number of examples of the batch, at least 1.' },
  'report.duplicate-differs': { retryable: false, http: 409, fix: 'Send a report again only as it was: the first one of this attempt counts.' },
  'report.stale-state': { retryable: true, http: 409, fix: 'Replay the log up to this round, then report again.' },
  'report.not-in-cohort': { retryable: false, http: 409, fix: 'Report only to a round that sent this device a start.' },
  'round.closed': { retryable: false, http: 409, fix: 'Drop this report and follow the log: the next start brings new seeds.' },
  'round.unknown': { retryable: false, http: 404, fix: 'Report only to a round that sent this device a start.' },
  'round.wrong-attempt': { retryable: false, http: 409, fix: 'Drop this report: the attempt was abandoned. The next start brings new seeds and asks for a fresh batch.' },
  'round.too-few-reports': { retryable: false, http: 409, fix: 'Lower policy.reportsMin, raise policy.deadlineMs, or look at why the devices do not report.' },
  'run.unknown': { retryable: false, http: 404, fix: 'Check the number of the run: GET /api/v1/runs lists them.' },
  'run.not-running': { retryable: false, http: 409, fix: 'Wait until the run is started or resumed; a run that ended takes nothing more.' },
} as const satisfies Record<string, ErrorEntry>;
