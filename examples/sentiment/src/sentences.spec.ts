import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { domains, readSentences, writeDeviceData } from './sentences.js';

test.each(domains)('%s has 500 negative and 500 positive sentences', async (domain) => {
  const sentences = await readSentences(domain);
  expect(sentences.filter(({ label }) => label === 'negative')).toHaveLength(500);
  expect(sentences.filter(({ label }) => label === 'positive')).toHaveLength(500);
  expect(sentences.every(({ text }) => text.trim() !== '')).toBe(true);
});

test('six devices hold all sentences, each once, and each device one domain', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seedfleet-sentences-'));
  const devices = await writeDeviceData({ folder });
  expect(devices.map(({ device, domain, sentences }) => `${device} ${domain} ${sentences}`)).toEqual([
    'amazon-1 amazon 500', 'amazon-2 amazon 500', 'imdb-1 imdb 500', 'imdb-2 imdb 500', 'yelp-1 yelp 500', 'yelp-2 yelp 500',
  ]);
  for (const domain of domains) {
    const files = await Promise.all(devices.filter((device) => device.domain === domain).map(({ path }) => readFile(path, 'utf8')));
    const lines = files.join('').trim().split('\n').sort();
    expect(lines).toEqual((await readSentences(domain)).map((sentence) => JSON.stringify(sentence)).sort());
  }
  await rm(folder, { recursive: true });
});
