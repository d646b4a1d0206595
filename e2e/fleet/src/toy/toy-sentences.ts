import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { mulberry } from './mulberry.js';
import { toyWords } from './toy-model.js';

/** Sentences of seven toy words; the label says whether words of the first half of the vocabulary outnumber those of the second. Written as JSON lines. */
export async function writeToySentences({ path, count, seed }: { path: string; count: number; seed: number }): Promise<void> {
  const random = mulberry(seed);
  const lines = Array.from({ length: count }, () => {
    const picks = Array.from({ length: 7 }, () => Math.floor(random() * toyWords.length));
    const early = picks.filter((pick) => pick < toyWords.length / 2).length;
    return JSON.stringify({ text: picks.map((pick) => toyWords[pick]).join(' '), label: early > 3 ? 'early' : 'late' });
  });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${lines.join('\n')}\n`);
}
