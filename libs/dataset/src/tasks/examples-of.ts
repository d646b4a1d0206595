import { FleetError } from '@seedfleet/errors';
import { type DataFile, type LabelledText, readDataFile } from '../files/data-file.js';
import { placeOf } from '../files/place.js';
import { type TextTokenizer } from '../tokens/tokenizer.js';
import { type DatasetTask } from './dataset-task.js';
import { promptOf } from './prompt.js';

/** An example as a model takes it, and the text that it was. */
export interface Example {
  text: LabelledText;
  tokens: readonly number[];
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
      return { examples: () => passages({ file: { ...file, fields: { text: file.fields.text } }, tokenizer }) };
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
    yield { text, tokens, label };
  }
}

/** A passage of one token foretells nothing and is left out. */
async function* passages({ file, tokenizer }: { file: DataFile; tokenizer: TextTokenizer }): AsyncGenerator<Example> {
  for await (const text of readDataFile(file)) {
    const tokens = tokenizer.encode(text.text);
    if (tokens.length > 1) yield { text, tokens, label: 0 };
  }
}
