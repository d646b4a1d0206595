import { FleetError } from '@seedfleet/errors';
import { type DataFile, type LabelledText } from './data-file.js';
import { readLines } from './lines.js';
import { placeOf } from './place.js';

/** Examples of a JSONL file: one JSON object a line, empty lines skipped. Numbers and booleans are labels by their usual spelling. */
export async function* readJsonl({ path, fields }: DataFile): AsyncGenerator<LabelledText> {
  for await (const line of readLines(path)) {
    if (line.text.trim() === '') continue;
    const place = placeOf({ path, line: line.number });
    const record = parseObject(line.text, place);
    const text = requireField({ record, field: fields.text, place });
    const label = fields.label === undefined ? undefined : requireField({ record, field: fields.label, place });
    if (typeof text !== 'string' || text.trim() === '') {
      throw new FleetError('dataset.wrong-field', { field: fields.text, problem: `${place}: the field "${fields.text}" is not a text.` });
    }
    if (fields.label !== undefined && typeof label !== 'string' && typeof label !== 'number' && typeof label !== 'boolean') {
      throw new FleetError('dataset.wrong-field', { field: fields.label, problem: `${place}: the field "${fields.label}" is not a label.` });
    }
    yield { line: line.number, text, label: label === undefined ? undefined : String(label) };
  }
}

function parseObject(text: string, place: string): Map<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the line: it stays here.
    throw new FleetError('dataset.broken-line', { problem: `${place}: the line is not JSON.` });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FleetError('dataset.broken-line', { problem: `${place}: the line is JSON, but not an object.` });
  }
  return new Map(Object.entries(value));
}

function requireField({ record, field, place }: { record: Map<string, unknown>; field: string; place: string }): unknown {
  if (!record.has(field)) throw new FleetError('dataset.missing-field', { field, problem: `${place}: the field "${field}" is missing.` });
  return record.get(field);
}
