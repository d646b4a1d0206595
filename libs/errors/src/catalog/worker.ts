import { type ErrorEntry } from './error-entry.js';

export const workerErrors = {
  'vault.missing': { retryable: false, http: 404, fix: 'Run `seedfleet-worker enroll --url URL --token TOKEN --home DIR` first, or name the right folder with --home.' },
  'vault.exists': { retryable: false, http: 409, fix: 'This folder already holds a device: use it with `start`, or enroll into an empty folder.' },
  'vault.locked': { retryable: true, http: 409, fix: 'Stop the other worker of this folder first: one folder is one device.' },
  'vault.permissions': { retryable: false, http: 403, fix: 'Make the folder readable by its owner only: chmod 700 on the folder, chmod 600 on device-key.' },
  'vault.damaged': { retryable: false, http: 500, fix: 'Enroll again into an empty folder with a new token; the runs are rebuilt from the log of the coordinator.' },
  'vault.unwritable': { retryable: true, http: 507, fix: 'Check free space and permissions of the folder, then start the worker again: it goes on where it was.' },
  'policy.invalid': { retryable: false, http: 422, fix: 'Correct the named field of policy.json; docs/worker.md lists the fields.' },
  'policy.forbids': { retryable: false, http: 403, fix: 'Change policy.json of this device if its owner agrees; the coordinator cannot.' },
  'download.failed': { retryable: true, http: 502, fix: 'Check the network; the worker goes on from the last byte that it has.' },
  'download.hash-mismatch': { retryable: true, http: 502, fix: 'The file was removed and is fetched again; if it stays, the coordinator serves other bytes than the manifest names.' },
  'download.path': { retryable: false, http: 422, fix: 'Register the model with plain relative file paths.' },
  'preparation.failed': { retryable: true, http: 500, fix: 'Look at the worker log of this time; restart the worker to prepare again.' },
  'coordinator.unreachable': { retryable: true, http: 503, fix: 'Check that the coordinator runs and that the url in device.json is reachable from this device.' },
  'coordinator.key-changed': { retryable: false, http: 403, fix: 'Ask the operator: the coordinator shows another key than the one this device enrolled with. Enroll anew only if the change was meant.' },
  'coordinator.unexpected-answer': { retryable: true, http: 502, fix: 'Check that the url points to a Seedfleet coordinator of the same protocol version.' },
  'start.seeds-not-chained': { retryable: false, http: 422, fix: 'The coordinator must derive the seeds from the manifest and the previous commit; this device takes part in no round with other seeds.' },
  'options.invalid': { retryable: false, http: 422, fix: 'Correct the named option; `seedfleet-worker start --help` lists them.' },
  'engine.unusable': { retryable: false, http: 500, fix: 'Install again with `npm ci` on this machine, so that onnxruntime-node matches its platform.' },
  'branch.state-missing': { retryable: true, http: 422, fix: 'Leave the worker connected: the coordinator assigns the run again, and its first state is fetched with it.' },
} as const satisfies Record<string, ErrorEntry>;
