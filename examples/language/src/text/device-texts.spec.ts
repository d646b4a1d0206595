import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeviceTexts } from './device-texts.js';
import { writePassageFiles } from './passage-files.js';
import { writeReviewFiles } from './review-files.js';

const downloadMs = 120_000;

let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'seedfleet-texts-')); });
afterAll(async () => { await rm(folder, { recursive: true }); });

async function textsOf({ devices, heldOut }: DeviceTexts, separator: string): Promise<{ devices: string[][]; heldOut: string[] }> {
  const read = async (path: string) => (await readFile(path, 'utf8')).trim().split(separator);
  return { devices: await Promise.all(devices.map(({ path }) => read(path))), heldOut: await read(heldOut.path) };
}

test('each passage of 64 tokens is held out or with one device', async () => {
  const texts = await writePassageFiles({ folder });
  const { devices, heldOut } = await textsOf(texts, '\n\n');
  expect(devices.map(({ length }) => length)).toEqual([346, 346, 346, 343]);
  expect(heldOut).toHaveLength(texts.heldOut.examples);
  expect(new Set([...devices.flat(), ...heldOut]).size).toBe(1_481);
  expect(devices[0]?.[0]).toMatch(/^Call me Ishmael\. /);
}, downloadMs);

test('each sentence is held out or with one device, and all have both labels', async () => {
  const texts = await writeReviewFiles({ folder });
  const { devices, heldOut } = await textsOf(texts, '\n');
  expect([heldOut.length, texts.heldOut.examples]).toEqual([600, 600]);
  const textOf = (line: string) => (JSON.parse(line) as { text: string }).text;
  const held = new Set(heldOut.map(textOf));
  expect(devices.flat().filter((line) => held.has(textOf(line)))).toEqual([]);
  for (const of of [...devices, heldOut]) {
    expect(of.length).toBeGreaterThan(590);
    const positive = of.filter((line) => (JSON.parse(line) as { label: string }).label === 'positive').length;
    expect(positive).toBeGreaterThan(250);
    expect(positive).toBeLessThan(350);
  }
});
