import { ledgerErrors } from './catalog/ledger.js';
import { numericsErrors } from './catalog/numerics.js';
import { roundsErrors } from './catalog/rounds.js';
import { protocolErrors } from './catalog/protocol.js';
import { onnxErrors } from './catalog/onnx.js';
import { runtimeErrors } from './catalog/runtime.js';
import { datasetErrors } from './catalog/dataset.js';
import { artifactsErrors } from './catalog/artifacts.js';
import { coordinatorErrors } from './catalog/coordinator.js';
import { workerErrors } from './catalog/worker.js';
import { cliErrors } from './catalog/cli.js';
import { type ErrorEntry } from './catalog/error-entry.js';

/** Every code of the system, `noun.problem`, listed once and stable. docs/errors.md explains each (a test checks). */
export const errors = {
  'internal.failure': { retryable: true, http: 500, fix: 'Try again; if it stays, look at the coordinator log at this time.' },
  ...ledgerErrors,
  ...numericsErrors,
  ...roundsErrors,
  ...protocolErrors,
  ...onnxErrors,
  ...runtimeErrors,
  ...datasetErrors,
  ...artifactsErrors,
  ...coordinatorErrors,
  ...workerErrors,
  ...cliErrors,
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errors;
