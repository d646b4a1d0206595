import { FleetError } from '@seedfleet/errors';
import { type DataFormat } from '@seedfleet/dataset';
import { limits } from '@seedfleet/protocol';

/** Where this device's examples are and how to read them: the options of `start` and `doctor`. */
export interface DataSource {
  path: string;
  format: DataFormat;
  /** The label's is not read where the run's task needs none. */
  fields: { text: string; label?: string };
  /** Share of the examples kept for evaluation, in [0, 1). */
  heldOutFraction: number;
  /** What the owner calls it, and hangs on it, for operators to see. Never made from the path or the rows. */
  declared?: { name: string; tags: readonly string[] };
}

/** The command line's words for a data source, or null without --data. @throws FleetError `options.invalid` */
export function dataSourceOf(options: { data?: string | undefined; format: string; textField: string; labelField: string; heldOut: string; dataName?: string | undefined; dataTags?: string | undefined }): DataSource | null {
  if (options.data === undefined) return null;
  const { format } = options;
  if (format !== 'jsonl' && format !== 'csv' && format !== 'text') throw new FleetError('options.invalid', { field: '--format', problem: 'The format is none of jsonl, csv and text.' });
  const heldOutFraction = Number(options.heldOut);
  if (!(heldOutFraction >= 0 && heldOutFraction < 1)) throw new FleetError('options.invalid', { field: '--held-out', problem: 'The held-out share is not a number from 0 up to, not including, 1.' });
  // Plain text has no fields; the text's name stands there for errors that name a field.
  return {
    path: options.data, format, fields: format === 'text' ? { text: options.textField } : { text: options.textField, label: options.labelField }, heldOutFraction,
    declared: { name: wordOf(options.dataName ?? 'examples', '--data-name', limits.nameCharactersMax), tags: tagsOf(options.dataTags) },
  };
}

function tagsOf(text: string | undefined): string[] {
  const tags = (text ?? '').split(',').map((tag) => tag.trim()).filter((tag) => tag !== '').map((tag) => wordOf(tag, '--data-tags', limits.wordCharactersMax));
  if (tags.length > limits.statementItemsMax) throw new FleetError('options.invalid', { field: '--data-tags', problem: `There are ${tags.length} tags, more than ${limits.statementItemsMax}.` });
  return [...new Set(tags)].sort();
}

function wordOf(text: string, field: string, charactersMax: number): string {
  if (text.trim() === '' || text.length > charactersMax || /\p{Cc}/u.test(text)) throw new FleetError('options.invalid', { field, problem: `${field} is not 1 to ${charactersMax} characters on one line.` });
  return text.trim();
}
