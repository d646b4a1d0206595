import { FleetError } from '@seedfleet/errors';
import { readCsv } from './csv.js';
import { readJsonl } from './jsonl.js';

export type DataFormat = 'jsonl' | 'csv';

/** A file of labelled texts: where it is, how it is written, which of its fields hold the text and the label. */
export interface DataFile {
  path: string;
  format: DataFormat;
  fields: { text: string; label: string };
}

/** One example as the file has it. */
export interface LabelledText {
  /** 1-based line of the file on which the example ends. */
  line: number;
  text: string;
  label: string;
}

/**
 * The examples of a file in its order, read as a stream.
 * @throws FleetError `dataset.not-found`, `dataset.broken-line`, `dataset.missing-field`, `dataset.wrong-field`, `dataset.option`
 */
export function readDataFile(file: DataFile): AsyncGenerator<LabelledText> {
  const { text, label } = file.fields;
  if (text === label) throw new FleetError('dataset.option', { field: 'fields', problem: `The text and the label are both read from the field "${text}".` });
  switch (file.format) {
    case 'jsonl': return readJsonl(file);
    case 'csv': return readCsv(file);
    default: throw new FleetError('dataset.option', { field: 'format', problem: 'The format of the data file is neither jsonl nor csv.' });
  }
}
