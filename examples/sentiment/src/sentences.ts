import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where the sentences were written: reviews of products, films, restaurants. */
export const domains = ['amazon', 'imdb', 'yelp'] as const;
export type Domain = (typeof domains)[number];

/** Class names in the order of the class indices. */
export const sentimentLabels = ['negative', 'positive'] as const;

export interface Sentence {
  text: string;
  label: (typeof sentimentLabels)[number];
}

/** The data of one device: all of one domain, so that the devices' data differ. */
export interface DeviceData {
  device: string;
  domain: Domain;
  path: string;
  sentences: number;
}

const devicesPerDomain = 2;
const sentencesPerDomain = 1_000;

/** The 1,000 labelled sentences of a domain, from the fixtures of sentiment@5.0.2 (Kotzias et al. 2015, "From Group to Individual Labels"). */
export async function readSentences(domain: Domain): Promise<Sentence[]> {
  const folder = dirname(createRequire(import.meta.url).resolve('sentiment/package.json'));
  const rows = JSON.parse(await readFile(join(folder, 'test', 'fixtures', `${domain}.json`), 'utf8')) as { text: string; class: 0 | 1 | null }[];
  // Each fixture ends in an empty entry without a class.
  const sentences = rows.flatMap((row) => (row.class === null ? [] : [{ text: row.text, label: sentimentLabels[row.class] }]));
  if (sentences.length !== sentencesPerDomain) throw new Error(`${domain}.json of the package sentiment holds ${sentences.length} sentences instead of ${sentencesPerDomain}. Run "npm ci" to install version 5.0.2 again.`);
  return sentences;
}

/** Writes one JSONL file a device: two devices a domain, each with every other sentence of it. */
export async function writeDeviceData({ folder }: { folder: string }): Promise<DeviceData[]> {
  await mkdir(folder, { recursive: true });
  const perDomain = await Promise.all(domains.map(async (domain) => {
    const sentences = await readSentences(domain);
    return Promise.all(Array.from({ length: devicesPerDomain }, async (_, part) => {
      const device = `${domain}-${part + 1}`;
      const path = join(folder, `${device}.jsonl`);
      const own = sentences.filter((_sentence, i) => i % devicesPerDomain === part);
      await writeFile(path, own.map((sentence) => `${JSON.stringify(sentence)}\n`).join(''));
      return { device, domain, path, sentences: own.length };
    }));
  }));
  return perDomain.flat();
}
