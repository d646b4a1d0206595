import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import llama from 'llama-tokenizer-js';
import { type DeviceTexts } from './device-texts.js';
import { readPassages } from './moby-dick.js';

/** Tokens of a passage that count, `<s>` included; shorter ones are left out, so that all weigh the same. */
export const passageTokens = 64;
const devices = 4;

/** Passages of 64 tokens or more, in the order of the book, 1,481. */
export async function longPassages(): Promise<string[]> {
  return (await readPassages()).filter((passage) => llama.encode(passage).length >= passageTokens);
}

/**
 * Text files, passages between blank lines: a quarter of the book for each device, so that no two hold the same part of the story, and 100 passages from all
 * over it that none holds.
 */
export async function writePassageFiles({ folder }: { folder: string }): Promise<DeviceTexts> {
  const numbers = new Set(JSON.parse(await readFile(new URL('../../vectors/held-out.json', import.meta.url), 'utf8')) as number[]);
  const passages = await longPassages();
  const others = passages.filter((_, i) => !numbers.has(i));
  const share = Math.ceil(others.length / devices);
  await mkdir(folder, { recursive: true });
  const write = async (name: string, texts: readonly string[]) => {
    const path = join(folder, `${name}.txt`);
    await writeFile(path, `${texts.join('\n\n')}\n`);
    return { name, path };
  };
  const heldOut = await write('held-out', passages.filter((_, i) => numbers.has(i)));
  return {
    devices: await Promise.all(Array.from({ length: devices }, (_, i) => write(`quarter-${i + 1}`, others.slice(i * share, (i + 1) * share)))),
    heldOut: { path: heldOut.path, examples: numbers.size },
  };
}
