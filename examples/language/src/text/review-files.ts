import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { domains, readSentences, type Sentence } from '@seedfleet/example-sentiment';
import { type DeviceTexts } from './device-texts.js';

const devices = 4;
/** Every fifth sentence is kept for the judgement: 600 of 3,000. */
const heldOutEvery = 5;

/** JSONL files of labelled sentences about products, films and restaurants: a fifth held out, the rest dealt out to the devices. */
export async function writeReviewFiles({ folder }: { folder: string }): Promise<DeviceTexts> {
  const sentences = (await Promise.all(domains.map(readSentences))).flat();
  const isHeldOut = (i: number) => i % heldOutEvery === heldOutEvery - 1;
  const heldOut = sentences.filter((_, i) => isHeldOut(i));
  // A few sentences stand in the fixtures twice.
  const known = new Set(heldOut.map(({ text }) => text));
  const others = sentences.filter(({ text }, i) => !isHeldOut(i) && !known.has(text));
  await mkdir(folder, { recursive: true });
  const write = async (name: string, of: readonly Sentence[]) => {
    const path = join(folder, `${name}.jsonl`);
    await writeFile(path, of.map((sentence) => `${JSON.stringify(sentence)}\n`).join(''));
    return { name, path };
  };
  return {
    devices: await Promise.all(Array.from({ length: devices }, (_, device) => write(`reviews-${device + 1}`, others.filter((_sentence, i) => i % devices === device)))),
    heldOut: { path: (await write('held-out', heldOut)).path, examples: heldOut.length },
    fields: { text: 'text', label: 'label' },
  };
}
