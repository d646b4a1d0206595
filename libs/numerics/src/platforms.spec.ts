import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toHex } from '@seedfleet/ledger';
import { build } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { aRun } from '../vectors/a-run.js';
import { audit, observe, type Observation, type PublicRun, type VectorFiles } from '../vectors/observe.js';
import { readAllVectors } from '../vectors/vector-files.js';
import { stateHash } from './replay/adapter-state.js';

const vectors = readAllVectors();
const room = fileURLToPath(new URL('..', import.meta.url));
const browserPath = '/usr/bin/chromium';

/** One place that the library runs in. */
interface Platform {
  observe(files: VectorFiles): Promise<Observation>;
  audit(run: PublicRun): Promise<string>;
  close(): Promise<void>;
}

const inNode = (): Promise<Platform> => Promise.resolve({
  observe: (files) => Promise.resolve(observe(files)),
  audit: (run) => Promise.resolve().then(() => audit(run)),
  close: () => Promise.resolve(),
});

async function inChromium(): Promise<Platform> {
  if (!existsSync(browserPath)) throw new Error(`This test needs Debian's Chromium at ${browserPath}: apt-get install -y --no-install-recommends chromium fonts-dejavu-core`);
  const browser: Browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  const page = await browser.newPage();
  await page.addScriptTag({ content: await bundle() });
  type Library = { library: { observe: typeof observe; audit: typeof audit } };
  return {
    observe: (files) => page.evaluate((given) => (globalThis as unknown as Library).library.observe(given), files),
    audit: (run) => page.evaluate((given) => (globalThis as unknown as Library).library.audit(given), run),
    close: () => browser.close(),
  };
}

/** The library as a browser gets it: the `browser` side of every platform condition, nothing of Node. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: "export { audit, observe } from './vectors/observe.ts';", resolveDir: room, loader: 'ts' },
    bundle: true, write: false, platform: 'browser', format: 'iife', globalName: 'library', conditions: ['@seedfleet/source', 'browser'],
  });
  return outputFiles[0]?.text ?? '';
}

describe.each([['Node', inNode], ['Chromium', inChromium]])('the vectors in %s', (_name, open) => {
  let platform: Platform;
  let seen: Observation;
  beforeAll(async () => {
    platform = await open();
    seen = await platform.observe(vectors);
  }, 60_000);
  afterAll(() => platform.close());

  test('a run that a coordinator signed in Node verifies and replays to its state hash', async () => {
    const run = aRun({ type: 'adam', groups: 2 });
    const fetched = { signedManifest: run.signedManifest, commits: run.commits.map(({ bytes }) => toHex(bytes)) };
    expect(await platform.audit(fetched)).toBe(toHex(stateHash(run.end)));
    const [first = '', ...rest] = fetched.commits;
    await expect(platform.audit({ ...fetched, commits: [`${first.slice(0, -2)}${first.endsWith('00') ? '01' : '00'}`, ...rest] }).then(() => 'verified', () => 'refused')).resolves.toBe('refused');
  });

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
