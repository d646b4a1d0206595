import { type Run } from '@seedfleet/protocol';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { aRun } from '../testing/served-run.js';
import { loggedIn, typed } from '../testing/typed.js';

let coordinator: ServedCoordinator;
afterEach(() => coordinator.close());

/** A run that is in these states at one look after the other; the last stays. */
async function aRunThatBecomes(...states: Run['state'][]): Promise<void> {
  let look = 0;
  const now = () => aRun({ state: states[Math.min(look++, states.length - 1)] ?? 'completed' });
  coordinator = await serveCoordinator({ startRun: () => aRun({ state: 'queued' }), resumeRun: () => aRun({ state: 'running' }), stopRun: () => aRun({ state: 'running' }), showRun: now, listRounds: () => ({ items: [], next: null }), listEvaluations: () => ({ items: [] }) });
}

/** A clock that only sleeping moves. */
function aClock() {
  let atMs = 5_000;
  return { nowMs: () => atMs, sleep: (milliseconds: number) => { atMs += milliseconds; return Promise.resolve(); }, passedMs: () => atMs - 5_000 };
}

const waited = (words: string[], clock = aClock()) => typed(['runs', ...words], { env: loggedIn(coordinator), ...clock });

test.each<[string, Run['state'][], string[], number]>([
  ['completed', ['queued', 'running', 'completed'], ['start', '1', '--wait'], 0],
  ['failed', ['running', 'failed'], ['start', '1', '--wait'], 1],
  ['was stopped by somebody else', ['running', 'cancelled'], ['resume', '1', '--wait', '--timeout', '60'], 1],
  ['was stopped as asked', ['running', 'cancelled'], ['stop', '1', '--wait'], 0],
])('a run that %s is shown as it ended, and the exit code says so', async (_, states, words, exitCode) => {
  await aRunThatBecomes(...states);
  const outcome = await waited([...words, '-o', 'json']);
  expect(outcome).toMatchObject({ exitCode, stderr: '' });
  expect(JSON.parse(outcome.stdout)).toMatchObject({ id: 1, state: states.at(-1) });
});

test('a run that takes longer than the time-out ends the command with 7, not the run', async () => {
  await aRunThatBecomes('running');
  const clock = aClock();
  const outcome = await waited(['start', '1', '--wait', '--timeout', '2.5'], clock);
  expect(outcome).toMatchObject({ exitCode: 7, stdout: '', stderr: expect.stringContaining('Run 1 is running after 2.5 seconds') });
  expect(clock.passedMs()).toBe(2_500);
  expect(coordinator.calls).not.toContain('stopRun');
});

test('a watched run has a time-out too', async () => {
  await aRunThatBecomes('running');
  expect(await waited(['watch', '1', '--timeout', '3'])).toMatchObject({ exitCode: 7, stdout: expect.stringContaining('run 1 is running') });
});

test('a time-out asks to wait', async () => {
  await aRunThatBecomes('running', 'completed');
  expect(JSON.parse((await waited(['start', '1', '--timeout', '60', '-o', 'json'])).stdout)).toMatchObject({ state: 'completed' });
});

test.each([
  ['a time-out of nothing', ['start', '1', '--wait', '--timeout', '0'], /more than 0/],
  ['waiting for a draft, which nothing ends', ['start', '--draft', '--wait'], /--wait.*cannot be used with.*--draft/],
])('%s is a wrong command line, and nothing is asked of the coordinator', async (_, words, hint) => {
  await aRunThatBecomes('running');
  expect(await waited(words)).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(hint) });
  expect(coordinator.calls).toEqual([]);
});
