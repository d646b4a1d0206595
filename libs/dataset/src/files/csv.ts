import { pipeline, Readable } from 'node:stream';
import { FleetError } from '@seedfleet/errors';
import { CsvError, parse } from 'csv-parse';
import { type DataFile, type LabelledText } from './data-file.js';
import { lineBytesMax, readLines } from './lines.js';
import { placeOf } from './place.js';

/** What csv-parse's `info: true` yields. */
interface CsvRecord {
  info: { lines: number };
  record: string[];
}

/** csv-parse's own messages quote the line: a problem says it in these words. */
const problemOf: Partial<Record<CsvError['code'], string>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'the line has another number of fields than the header',
  CSV_QUOTE_NOT_CLOSED: 'a quoted field is not closed',
  CSV_INVALID_CLOSING_QUOTE: 'a quoted field goes on after its closing quote',
  INVALID_OPENING_QUOTE: 'a quote stands inside a field that does not begin with one',
  CSV_MAX_RECORD_SIZE: `the record is longer than ${lineBytesMax} characters`,
};

/** Examples of a CSV file (RFC 4180): a header with the names of the fields, then one record an example; a quoted text may span lines. */
export async function* readCsv({ path, fields }: DataFile): AsyncGenerator<LabelledText> {
  let columns: { text: number; label: number | undefined } | undefined;
  for await (const { info, record } of recordsOf(path)) {
    const place = placeOf({ path, line: info.lines });
    if (columns === undefined) {
      columns = { text: columnOf({ header: record, field: fields.text, place }), label: fields.label === undefined ? undefined : columnOf({ header: record, field: fields.label, place }) };
      continue;
    }
    const text = record[columns.text] ?? '';
    if (text.trim() === '') throw new FleetError('dataset.wrong-field', { field: fields.text, problem: `${place}: the field "${fields.text}" is empty.` });
    yield { line: info.lines, text, label: columns.label === undefined ? undefined : record[columns.label] ?? '' };
  }
}

async function* recordsOf(path: string): AsyncGenerator<CsvRecord> {
  const parser = parse({ info: true, skip_empty_lines: true, max_record_size: lineBytesMax });
  // Errors of the source reach the loop below through the parser.
  pipeline(Readable.from(linesOf(path)), parser, () => undefined);
  try {
    for await (const record of parser) yield record as CsvRecord;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(error['lines']);
    throw new FleetError('dataset.broken-line', { problem: `${placeOf({ path, line })}: ${problemOf[error.code] ?? 'the line is not CSV'}.` });
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  for await (const line of readLines(path)) yield `${line.text}\n`;
}

function columnOf({ header, field, place }: { header: string[]; field: string; place: string }): number {
  const column = header.indexOf(field);
  if (column < 0) throw new FleetError('dataset.missing-field', { field, problem: `${place}: the header has no field "${field}".` });
  return column;
}
