import { type ErrorEntry } from './error-entry.js';

export const protocolErrors = {
  'filter.invalid': { retryable: false, http: 422, fix: 'Write terms like state=active tag=lab,office name~spare seen<24h; docs/cli.md describes the filter.' },
  'message.invalid': { retryable: false, http: 422, fix: 'Correct the named field; docs/protocol.md lists the fields of every event with their ranges.' },
  'packet.malformed': { retryable: false, http: 400, fix: 'Use the packet parser of @seedfleet/protocol in the version of this coordinator.' },
  'packet.too-large': { retryable: false, http: 413, fix: 'Send less in one packet; large things (models, checkpoints, logs) go over HTTP.' },
  'protocol.client-too-old': { retryable: false, http: 426, fix: 'Update the worker: this coordinator no longer speaks its protocol.' },
  'protocol.server-too-old': { retryable: true, http: 426, fix: 'Update the coordinator, or use an older worker: the coordinator does not know this protocol yet.' },
  'request.invalid': { retryable: false, http: 422, fix: 'Correct the named field; GET /api/v1/openapi.json describes every request.' },
  'request.unknown-route': { retryable: false, http: 404, fix: 'Check path and method; GET /api/v1/openapi.json lists every route.' },
  'request.not-found': { retryable: false, http: 404, fix: 'Check the id; the list route of the same collection shows what exists.' },
  'request.too-large': { retryable: false, http: 413, fix: 'Send a smaller body; files of a model are uploaded in chunks with Upload-Offset.' },
  'request.rate-limited': { retryable: true, http: 429, fix: 'Wait as long as Retry-After says, then try again.' },
} as const satisfies Record<string, ErrorEntry>;
