import { FleetError } from '@seedfleet/errors';
import { readCsv } from './csv.js';
import { readJsonl } from './jsonl.js';
import { readPassages } from './passages.js';

export type DataFormat = 'jsonl' | 'csv' | 'text';

/** A file of texts: where it is, how it is written, which of its fields hold the text and, if it has one, the label. */
export interface DataFile {
  path: string;
  /** `text` is passages with blank lines between; it has no fields. */
  format: DataFormat;
  fields: { text: string; label?: string };
}

/** One example as the file has it. */
export interface LabelledText {
  /** 1-based line of the file on which the example ends. */
  line: number;
  text: string;
  /** Undefined where no field is named for it. */
  label?: string | undefined;
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
    case 'text':
      if (label !== undefined) throw new FleetError('dataset.option', { field: 'format', problem: 'A file of plain text has no labels: a task with labels takes jsonl or csv.' });
      return readPassages(file);
    default: throw new FleetError('dataset.option', { field: 'format', problem: 'The format of the data file is none of jsonl, csv and text.' });
  }
}
