import { type ErrorEntry } from './error-entry.js';

export const cliErrors = {
  'login.missing': { retryable: false, http: 401, fix: 'Run `seedfleet login --url URL --token-file FILE`, or set SEEDFLEET_URL and SEEDFLEET_TOKEN.' },
  'context.unknown': { retryable: false, http: 404, fix: 'See `seedfleet contexts list`, or log in with `seedfleet login --context NAME`.' },
  'command.unconfirmed': { retryable: false, http: 403, fix: 'Add --yes if this is meant, or --dry-run to see what it would do.' },
  'wait.timed-out': { retryable: true, http: 504, fix: 'Give more time with --timeout, or look at what holds it up: `seedfleet runs watch RUN`.' },
  'login.unreadable': { retryable: false, http: 500, fix: 'Remove the file and run `seedfleet login` again.' },
  'command.invalid': { retryable: false, http: 422, fix: 'See the help of the command: add --help.' },
  'coordinator.refused': { retryable: false, http: 502, fix: 'Use the version of `seedfleet` that belongs to this coordinator: it answered with an error that this one does not know.' },
  'file.unreadable': { retryable: false, http: 404, fix: 'Check the path, and that you may read it.' },
  'model.folder-unclear': { retryable: false, http: 422, fix: 'Name the .onnx file itself; a folder must hold exactly one.' },
  'model.tokenizer-missing': { retryable: false, http: 422, fix: 'Put tokenizer.json beside the model, or name it with --tokenizer FILE.' },
  'model.name-unclear': { retryable: false, http: 422, fix: 'Give the id of the model: `seedfleet models list` shows it.' },
  'upload.interrupted': { retryable: true, http: 503, fix: 'Run the same `seedfleet models add` again: it goes on at the byte where it stopped.' },
  'run.log-incomplete': { retryable: false, http: 422, fix: 'Do not use this run until the operator of the coordinator has explained the missing commits.' },
  'run.claim-differs': { retryable: false, http: 422, fix: 'Do not use this run: what the coordinator says of it is not what its signed log replays to.' },
  'export.folder-in-use': { retryable: false, http: 409, fix: 'Name a folder that is empty or does not exist.' },
} as const satisfies Record<string, ErrorEntry>;
