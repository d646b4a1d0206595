import { type ErrorEntry } from './error-entry.js';

export const ledgerErrors = {
  'bytes.malformed': { retryable: false, http: 422, fix: 'Send the text in the encoding that the field names: hexadecimal or base64.' },
  'manifest.invalid': { retryable: false, http: 422, fix: 'Correct the named field of the run manifest.' },
  'manifest.signature': { retryable: false, http: 422, fix: 'Do not use this manifest: it was not signed by the key that this device enrolled with.' },
  'log.malformed': { retryable: false, http: 422, fix: 'Fetch the log again; if it stays, the log was damaged or cut.' },
  'log.broken-chain': { retryable: false, http: 422, fix: 'Fetch the log again from round 0; if it stays, the log was changed: ask the operator.' },
  'log.signature': { retryable: false, http: 422, fix: 'Do not use this log: a commit was not signed by the coordinator of the manifest.' },
  'log.state-mismatch': { retryable: false, http: 422, fix: 'Replay from round 0; if it stays, report the platform and version: replay must be bit-exact.' },
  'checkpoint.malformed': { retryable: true, http: 422, fix: 'Fetch the checkpoint again, or replay the log from round 0.' },
} as const satisfies Record<string, ErrorEntry>;
