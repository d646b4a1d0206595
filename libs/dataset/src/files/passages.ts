import { type DataFile, type LabelledText } from './data-file.js';
import { FleetError } from '@seedfleet/errors';
import { lineBytesMax, readLines } from './lines.js';
import { placeOf } from './place.js';

/** Passages of a plain text: lines that follow each other, up to a blank one; their line ends stay in them. */
export async function* readPassages({ path }: Pick<DataFile, 'path'>): AsyncGenerator<LabelledText> {
  let lines: string[] = [];
  let [length, last] = [0, 0];
  const passage = (): LabelledText => {
    const text = lines.join('\n');
    lines = [];
    length = 0;
    return { line: last, text };
  };
  for await (const { number, text } of readLines(path)) {
    if (text.trim() === '') {
      if (lines.length > 0) yield passage();
      continue;
    }
    lines.push(text);
    length += text.length + 1;
    last = number;
    if (length > lineBytesMax) throw new FleetError('dataset.broken-line', { problem: `${placeOf({ path, line: number })}: the passage is longer than ${lineBytesMax} characters.` });
  }
  if (lines.length > 0) yield passage();
}
