import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { layoutOf } from '@seedfleet/numerics';
import { EngineThread } from './engine-thread.js';

const options = { modelPath: 'none', layout: layoutOf([]), inputs: [], modelInputs: { ids: 'ids', mask: 'mask' }, threads: 1 };
const close = { type: 'close' } as const;
let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'seedfleet-thread-')); });
afterAll(async () => { await rm(folder, { recursive: true }); });

/** A thread that answers as the engine's does, up to the point where it fails in the way under test. */
async function threadThat({ name, does, answerMs = 10_000 }: { name: string; does: string; answerMs?: number }): Promise<EngineThread> {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, `import { parentPort as port } from 'node:worker_threads';\n${does}`);
  return new EngineThread({ file: pathToFileURL(file), options, answerMs });
}

test('a thread that dies in the middle of a pass fails that call and every later one', async () => {
  const thread = await threadThat({ name: 'dies', does: `port.on('message', () => process.exit(3)); port.postMessage({ id: 0, type: 'opened' });` });
  await thread.opened();
  await expect(thread.ask(close)).rejects.toMatchObject({ code: 'engine.stopped', problem: "The engine's thread ended with code 3." });
  await expect(thread.ask(close)).rejects.toMatchObject({ code: 'engine.stopped' });
  await thread.close();
});

test('an error that nothing in the thread caught fails the call, without its message', async () => {
  const thread = await threadThat({ name: 'throws', does: `port.on('message', () => { throw new RangeError('token 4711'); }); port.postMessage({ id: 0, type: 'opened' });` });
  await thread.opened();
  await expect(thread.ask(close)).rejects.toMatchObject({ code: 'engine.stopped', problem: "The engine's thread failed: RangeError." });
});

test('a thread that ends before it is open fails the opening', async () => {
  const thread = await threadThat({ name: 'ends', does: 'process.exit(1);' });
  await expect(thread.opened()).rejects.toMatchObject({ code: 'engine.stopped' });
});

test('a call that is never answered ends at its limit', async () => {
  const thread = await threadThat({ name: 'mute', does: `port.once('message', () => port.once('message', () => port.close())); port.postMessage({ id: 0, type: 'opened' });`, answerMs: 2_000 });
  await thread.opened();
  await expect(thread.ask(close)).rejects.toMatchObject({ code: 'engine.timeout', retryable: true });
  await expect(thread.ask(close)).rejects.toMatchObject({ code: 'engine.stopped' });
});

test('a thread that opens too late is refused and ends by itself', async () => {
  const thread = await threadThat({ name: 'late', does: `port.once('message', ({ type }) => { if (type === 'close') process.exit(0); });`, answerMs: 200 });
  await expect(thread.opened()).rejects.toMatchObject({ code: 'engine.timeout' });
});
