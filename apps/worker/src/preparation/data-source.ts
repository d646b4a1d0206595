import { FleetError } from '@seedfleet/errors';
import { type DataFormat } from '@seedfleet/dataset';

/** Where this device's examples are and how to read them: the options of `start` and `doctor`. */
export interface DataSource {
  path: string;
  format: DataFormat;
  /** The label's is not read where the run's task needs none. */
  fields: { text: string; label?: string };
  /** Share of the examples kept for evaluation, in [0, 1). */
  heldOutFraction: number;
}

/** The command line's words for a data source, or null without --data. @throws FleetError `options.invalid` */
export function dataSourceOf(options: { data?: string | undefined; format: string; textField: string; labelField: string; heldOut: string }): DataSource | null {
  if (options.data === undefined) return null;
  const { format } = options;
  if (format !== 'jsonl' && format !== 'csv' && format !== 'text') throw new FleetError('options.invalid', { field: '--format', problem: 'The format is none of jsonl, csv and text.' });
  const heldOutFraction = Number(options.heldOut);
  if (!(heldOutFraction >= 0 && heldOutFraction < 1)) throw new FleetError('options.invalid', { field: '--held-out', problem: 'The held-out share is not a number from 0 up to, not including, 1.' });
  // Plain text has no fields; the text's name stands there for errors that name a field.
  return { path: options.data, format, fields: format === 'text' ? { text: options.textField } : { text: options.textField, label: options.labelField }, heldOutFraction };
}
