import { type ErrorEntry } from './error-entry.js';

export const datasetErrors = {
  'dataset.option': { retryable: false, http: 422, fix: 'Correct the named option of the data file.' },
  'dataset.not-found': { retryable: false, http: 404, fix: 'Check the path given with --data, and that the worker may read the file.' },
  'dataset.broken-line': { retryable: false, http: 422, fix: 'Correct or remove this line; the file must be UTF-8, in the format given with --format.' },
  'dataset.missing-field': { retryable: false, http: 422, fix: 'Add the field to this line, or name the right one with --text-field or --label-field.' },
  'dataset.wrong-field': { retryable: false, http: 422, fix: 'Make the text a non-empty string, and the label a string or a number.' },
  'dataset.unknown-label': { retryable: false, http: 422, fix: 'Use one of the labels of the run, spelled exactly, or remove this line.' },
  'dataset.empty': { retryable: false, http: 422, fix: 'Give a file with at least one example.' },
  'tokenizer.not-found': { retryable: true, http: 404, fix: 'Fetch the files of the model again.' },
  'tokenizer.invalid': { retryable: false, http: 422, fix: 'Register the model with a tokenizer.json as Hugging Face tokenizers writes it.' },
} as const satisfies Record<string, ErrorEntry>;
