import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess } from './fleet-process.js';

let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'seedfleet-process-')); });
afterAll(async () => { await rm(folder, { recursive: true }); });

async function start(name: string, code: string) {
  const entry = join(folder, `${name}.mjs`);
  await writeFile(entry, code);
  return startProcess({ entry, logPath: join(folder, `${name}.log`), env: { GREETING: 'hello' } });
}
const firstNumber = (line: string): number | null => (/^\d+$/.test(line) ? Number(line) : null);
const wait = { what: 'it said a number', timeoutMs: 20_000 };

test('a process says when it is ready, and ends when it is asked to', async () => {
  const process = await start('polite', 'console.log(process.env.GREETING); console.log(7); const forever = setInterval(() => {}, 1e6); process.on("SIGTERM", () => { console.log("bye"); clearInterval(forever); });');
  expect(await process.line(wait, firstNumber)).toBe(7);
  expect(process.running()).toBe(true);
  expect(await process.peakMegabytes()).toBeGreaterThan(10);
  expect(await process.stop()).toEqual({ code: 0, signal: null });
  expect(await readFile(process.logPath, 'utf8')).toBe('hello\n7\nbye\n');
});

test('a process that does not want to end is killed', async () => {
  const process = await start('stubborn', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6); console.log(1);');
  await process.line(wait, firstNumber);
  expect(await process.stop({ graceMs: 50 })).toEqual({ code: null, signal: 'SIGKILL' });
});

test('who waits for a word of a process that ended hears its last one', async () => {
  const process = await start('brief', 'console.error("port taken"); process.exit(3);');
  await expect(process.line(wait, firstNumber)).rejects.toThrow('brief ended before it said a number: port taken');
  expect(await process.exited).toEqual({ code: 3, signal: null });
});

test('a restarted process is not taken for ready because its predecessor was', async () => {
  const first = await start('restarted', 'console.log(1); setInterval(() => {}, 1e6);');
  await first.line(wait, firstNumber);
  await first.kill('SIGKILL');
  const second = await start('restarted', 'console.log(2); setInterval(() => {}, 1e6);');
  expect(await second.line(wait, firstNumber)).toBe(2);
  await second.kill('SIGKILL');
});

test('a program that is not there ends with its reason in the log', async () => {
  const process = await startProcess({ entry: join(folder, 'nothing.mjs'), logPath: join(folder, 'nothing.log') });
  await expect(process.line(wait, firstNumber)).rejects.toThrow('nothing ended before it said a number');
});
