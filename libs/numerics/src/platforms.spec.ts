import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { observe, type Observation, type VectorFiles } from '../vectors/observe.js';
import { readAllVectors } from '../vectors/vector-files.js';

const vectors = readAllVectors();
const room = fileURLToPath(new URL('..', import.meta.url));

/** The library as a browser gets it: the `browser` side of every platform condition, nothing of Node. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: "import { observe } from './vectors/observe.ts'; globalThis.observe = observe;", resolveDir: room, loader: 'ts' },
    bundle: true, write: false, platform: 'browser', format: 'iife', conditions: ['@seedfleet/source', 'browser'],
  });
  return outputFiles[0]?.text ?? '';
}

async function observeInChromium(): Promise<Observation> {
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
    const page = await browser.newPage();
    await page.addScriptTag({ content: await bundle() });
    return await page.evaluate((files) => (globalThis as unknown as { observe: (files: VectorFiles) => Observation }).observe(files), vectors);
  } finally {
    await browser?.close();
  }
}

describe.each([['Node', () => Promise.resolve(observe(vectors))], ['Chromium', observeInChromium]] as const)('the vectors in %s', (_platform, look) => {
  let seen: Observation;
  beforeAll(async () => { seen = await look(); }, 60_000);

  test('the key stream is that of RFC 8439', () => expect(seen.blocks).toEqual(vectors.rfc8439.blocks.map(({ bytes }) => bytes)));
  test('seeds chain from the manifest and the commit before', () => expect(seen.seeds).toEqual(vectors.replay.rounds.map(({ seeds }) => seeds)));
  test('Rademacher: one bit a value, least significant first, 1 is +1', () => expect(seen.signs).toEqual(vectors.replay.firstValues.bySite));
  test.each(['sgd', 'normalised', 'momentum', 'adam'] as const)('%s replays to the state hash of every round', (rule) => expect(seen.stateHashes[rule]).toEqual(vectors.replay.stateHashes[rule]));
  test.each(['sgd', 'adam'] as const)('%s replays Gaussian directions to our frozen state hashes', (rule) => expect(seen.gaussianStateHashes[rule]).toEqual(vectors.frozen.gaussianStateHashes[rule]));
  test('Gaussian values have our frozen bits', () => expect(seen.gaussian).toEqual({ first: vectors.frozen.gaussian.first, sha256: vectors.frozen.gaussian.sha256 }));
  test('the frozen A has our frozen bits', () => expect(seen.frozenA).toEqual({ first: vectors.frozen.frozenA.first, sha256: vectors.frozen.frozenA.sha256 }));
  test('perturbed rows have our frozen bits', () => expect(seen.rows).toBe(vectors.frozen.rows.sha256));
  test('quantiles are those of the normal distribution to 1e-15 relative', () => {
    const errors = vectors.normal.quantiles.map(([, expected], i) => Math.abs((seen.quantiles[i] ?? NaN) / Number(expected) - 1));
    expect(Math.max(...errors)).toBeLessThan(1e-15);
  });
});
