import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { type DataFormat, type LabelledText, readDataFile } from './data-file.js';
import { lineBytesMax } from './lines.js';

const fields = { text: 'review', label: 'stars' };
let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'seedfleet-data-')); });
afterAll(async () => { await rm(folder, { recursive: true }); });

async function read(format: DataFormat, content: string | Uint8Array): Promise<LabelledText[]> {
  const path = join(folder, `reviews.${format}`);
  await writeFile(path, content);
  const examples: LabelledText[] = [];
  for await (const example of readDataFile({ path, format, fields })) examples.push(example);
  return examples;
}

const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
const labelled = fc.record({ text: fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.trim() !== ''), label: fc.string({ maxLength: 5 }) });

test('JSONL gives back what was written, whatever the texts hold', () => fc.assert(fc.asyncProperty(fc.array(labelled, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), async (rows, end) => {
  const examples = await read('jsonl', rows.map(({ text, label }) => JSON.stringify({ id: 1, stars: label, review: text }) + end).join(''));
  expect(examples.map(({ text, label }) => ({ text, label }))).toEqual(rows);
}), { numRuns: 50 }));

test('CSV gives back what was written, whatever the texts hold', () => fc.assert(fc.asyncProperty(fc.array(labelled, { maxLength: 8 }), async (rows) => {
  const unbroken = rows.map(({ text, label }) => ({ text: text.replaceAll('\r', ' ') + '.', label: label.replaceAll('\r', ' ') }));
  const examples = await read('csv', 'id,stars,review\n' + unbroken.map(({ text, label }) => `1,${quoted(label)},${quoted(text)}\n`).join(''));
  expect(examples.map(({ text, label }) => ({ text, label }))).toEqual(unbroken);
}), { numRuns: 50 }));

test('a byte order mark, empty lines and a missing last line end are no part of the examples', async () => {
  expect(await read('jsonl', '\uFEFF{"review":"good","stars":5}\r\n\r\n{"review":"bad","stars":1}')).toEqual([
    { line: 1, text: 'good', label: '5' }, { line: 3, text: 'bad', label: '1' },
  ]);
  expect(await read('csv', '\uFEFFreview,stars\r\n\r\ngood,5\r\nbad,1')).toEqual([
    { line: 3, text: 'good', label: '5' }, { line: 4, text: 'bad', label: '1' },
  ]);
});

test('a line that crosses the chunks of the reader is read whole', async () => {
  const texts = Array.from({ length: 40 }, (_, i) => `${i} ${'ä'.repeat(9_000 + i)}`);
  const examples = await read('jsonl', texts.map((text) => JSON.stringify({ review: text, stars: 1 })).join('\n'));
  expect(examples.map((example) => example.text)).toEqual(texts);
});

test.each([
  { format: 'jsonl', content: '{"review":"good","stars":5}\n{"review":"secret', code: 'dataset.broken-line', problem: 'reviews.jsonl, line 2: the line is not JSON.' },
  { format: 'jsonl', content: '["secret"]', code: 'dataset.broken-line', problem: 'reviews.jsonl, line 1: the line is JSON, but not an object.' },
  { format: 'jsonl', content: '{"review":"secret"}', code: 'dataset.missing-field', field: 'stars', problem: 'reviews.jsonl, line 1: the field "stars" is missing.' },
  { format: 'jsonl', content: '{"stars":5}', code: 'dataset.missing-field', field: 'review', problem: 'reviews.jsonl, line 1: the field "review" is missing.' },
  { format: 'jsonl', content: '{"review":7,"stars":5}', code: 'dataset.wrong-field', field: 'review', problem: 'reviews.jsonl, line 1: the field "review" is not a text.' },
  { format: 'jsonl', content: '{"review":" ","stars":5}', code: 'dataset.wrong-field', field: 'review', problem: 'reviews.jsonl, line 1: the field "review" is not a text.' },
  { format: 'jsonl', content: '{"review":"secret","stars":null}', code: 'dataset.wrong-field', field: 'stars', problem: 'reviews.jsonl, line 1: the field "stars" is not a label.' },
  { format: 'csv', content: 'review,score\nsecret,5\n', code: 'dataset.missing-field', field: 'stars', problem: 'reviews.csv, line 1: the header has no field "stars".' },
  { format: 'csv', content: 'review,stars\ngood,5\nsecret\n', code: 'dataset.broken-line', problem: 'reviews.csv, line 3: the line has another number of fields than the header.' },
  { format: 'csv', content: 'review,stars\n"secret" x,5\n', code: 'dataset.broken-line', problem: 'reviews.csv, line 2: a quoted field goes on after its closing quote.' },
  { format: 'csv', content: 'review,stars\n"secret,5\n', code: 'dataset.broken-line', problem: 'reviews.csv, line 2: a quoted field is not closed.' },
  { format: 'csv', content: 'review,stars\nsec"ret,5\n', code: 'dataset.broken-line', problem: 'reviews.csv, line 2: a quote stands inside a field that does not begin with one.' },
  { format: 'csv', content: 'review,stars\n,5\n', code: 'dataset.wrong-field', field: 'review', problem: 'reviews.csv, line 2: the field "review" is empty.' },
] as const)('$code of a $format file names file, line and field, and quotes nothing: $problem', async ({ format, content, ...expected }) => {
  const error: unknown = await read(format, content).catch((caught: unknown) => caught);
  expect(error).toMatchObject(expected);
  expect(String(error)).not.toContain('secret');
});

test.each(['jsonl', 'csv'] as const)('bytes of another encoding are refused by line, not turned into question marks (%s)', async (format) => {
  const latin1 = Buffer.from(format === 'csv' ? 'review,stars\ncaf\u00e9,5\n' : '\n{"review":"caf\u00e9","stars":5}\n', 'latin1');
  await expect(read(format, latin1)).rejects.toMatchObject({ code: 'dataset.broken-line', problem: `reviews.${format}, line 2: the bytes are not UTF-8.` });
});

test.each(['jsonl', 'csv'] as const)('a line without end is refused before it fills the memory (%s)', async (format) => {
  await expect(read(format, 'x'.repeat(lineBytesMax + 70_000))).rejects.toMatchObject({ code: 'dataset.broken-line', problem: expect.stringContaining('line 1: the line is longer than 1048576 bytes') });
});

test.each(['jsonl', 'csv'] as const)('a file that is not there, and a folder, are said to be so (%s)', async (format) => {
  const problems = ['nowhere', '.'].map((name) => readDataFile({ path: join(folder, name), format, fields }).next());
  await expect(problems[0]).rejects.toMatchObject({ code: 'dataset.not-found', problem: 'The data file nowhere cannot be opened.' });
  await expect(problems[1]).rejects.toMatchObject({ code: 'dataset.not-found' });
});

test('text and label are different fields', () => {
  expect(() => readDataFile({ path: 'x', format: 'csv', fields: { text: 'a', label: 'a' } })).toThrow(expect.objectContaining({ code: 'dataset.option', field: 'fields' }));
});
