import { FleetError } from '@seedfleet/errors';
import { type DataFile, type LabelledText, readDataFile } from '../files/data-file.js';
import { placeOf } from '../files/place.js';
import { type TextTokenizer } from '../tokens/tokenizer.js';
import { type DatasetTask } from './dataset-task.js';
import { promptOf } from './prompt.js';
import { windowRoom, windowsOf, type Window } from './windows.js';

/** A text as a model takes it, and the text that it was. */
export interface Example {
  text: LabelledText;
  /** One, but for the parts of a text that is longer than the model takes. */
  windows: readonly Window[];
  /** Class index; 0 where there are no classes. */
  label: number;
}

export interface ExampleSource {
  examples(): AsyncGenerator<Example>;
  /** First token of each word. */
  answers?: readonly number[];
}

export interface ExampleOptions { file: DataFile; task: DatasetTask; tokenizer: TextTokenizer; tokensMax: number }

/** The examples of a file for a task, as a stream. @throws FleetError `dataset.*` */
export function examplesOf({ file, task, tokenizer, tokensMax }: ExampleOptions): ExampleSource {
  switch (task.type) {
    case 'classification':
      return { examples: () => labelled({ file, labels: task.labels, encode: (text) => tokenizer.encode(text) }) };
    case 'verbalizer': {
      if (task.words.length !== task.labels.length) throw new FleetError('dataset.option', { field: 'words', problem: `There are ${task.words.length} words for ${task.labels.length} labels.` });
      const prompt = promptOf({ template: task.template, tokenizer, tokensMax });
      return { examples: () => labelled({ file, labels: task.labels, encode: (text) => prompt.encode(text) }), answers: prompt.answers(task.words) };
    }
    case 'language':
      return { examples: () => passages({ file: { ...file, fields: { text: file.fields.text } }, cut: cutter({ overlap: task.overlap, tokenizer, tokensMax }) }) };
  }
}

async function* labelled({ file, labels, encode }: { file: DataFile; labels: readonly string[]; encode(text: string): readonly number[] }): AsyncGenerator<Example> {
  const { label: field } = file.fields;
  if (field === undefined) throw new FleetError('dataset.option', { field: 'fields', problem: 'This task reads a label beside each text, and no field is named for it.' });
  for await (const text of readDataFile(file)) {
    const label = labels.indexOf(text.label ?? '');
    if (label < 0) {
      // The label found is data of the device, the labels asked for are public in the manifest.
      const known = labels.map((name) => `"${name}"`).join(', ');
      throw new FleetError('dataset.unknown-label', { field, problem: `${placeOf({ path: file.path, line: text.line })}: the field "${field}" holds none of the labels ${known}.` });
    }
    const tokens = encode(text.text);
    if (tokens.length === 0) throw new FleetError('dataset.wrong-field', { field: file.fields.text, problem: `${placeOf({ path: file.path, line: text.line })}: the text has no tokens.` });
    yield { text, windows: [{ tokens, foretoldFrom: tokens.length }], label };
  }
}

/** What becomes of a passage: its beginning, or windows over all of it. */
function cutter({ overlap, tokenizer, tokensMax }: { overlap: number | undefined; tokenizer: TextTokenizer; tokensMax: number }): (text: string) => readonly Window[] {
  if (overlap === undefined) return (text) => [{ tokens: tokenizer.encode(text), foretoldFrom: 1 }];
  const shape = { tokensMax, overlap, leading: tokenizer.leading };
  windowRoom(shape);
  return (text) => windowsOf(tokenizer.encodeWhole(text), shape);
}

/** A passage of one token foretells nothing and is left out. */
async function* passages({ file, cut }: { file: DataFile; cut(text: string): readonly Window[] }): AsyncGenerator<Example> {
  for await (const text of readDataFile(file)) {
    const windows = cut(text.text).filter(({ tokens }) => tokens.length > 1);
    if (windows.length > 0) yield { text, windows, label: 0 };
  }
}
