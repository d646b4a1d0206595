import { runRequest, type Group, type RunPreview } from '@seedfleet/protocol';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { aModel, aRun } from '../testing/served-run.js';
import { loggedIn, typed } from '../testing/typed.js';

let coordinator: ServedCoordinator | undefined;
afterEach(() => coordinator?.close());

const aGroup = (id: string, name: string): Group => ({ id, name, filter: null, count: 2, online: 1, createdAt: '2026-11-25T10:00:00.000Z', revision: 1 });
const asked = runRequest.parse({
  name: 'reviews', model: 'mdl_1', task: { type: 'classification', labels: ['a', 'b'], tokensMax: 64 }, adapter: { rank: 4, alpha: 8, sites: 'q|v', scale: 2, biases: 'fc', biasScale: 0.5, headScale: 20 }, precision: 'w8a8',
  estimator: { type: 'central', queries: 3, eps: 0.001, distribution: 'gaussian', groups: 2, batchExamples: 32 }, stepRule: { type: 'adam', learningRate: 0.5, schedule: 'cosine' },
  policy: {
    roundsMax: 7, cohort: 9, overSelection: 1.5, reportsMin: 5, deadlineMs: 500, evaluationEveryRounds: 2, checkpointEveryRounds: 3, attemptsMax: 4, heldOutMin: 25,
    stop: { targetLoss: 0.1, plateau: { evaluations: 3, improvement: 0.01 }, divergence: 4, budget: { scalars: 5_000, hours: 1.5 } },
  },
  start: true, group: { id: 'grp_1', membership: 'frozen' }, canary: { rounds: 2, share: 0.1, departuresMax: 0.5, onFailure: 'fail' }, startAt: '2026-11-25T10:00:00.000Z', whenFree: true,
});

async function requestOf(words: string[]) {
  let request: unknown;
  coordinator = await serveCoordinator({
    listModels: () => ({ items: [aModel()] }), listGroups: () => ({ items: [aGroup('grp_1', 'lab'), aGroup('grp_2', 'pilot')] }),
    createRun: ({ body }) => { request = body; return aRun({ state: 'running' }); }, showRunRequest: () => asked,
  });
  const outcome = await typed([...words, '-o', 'json'], { env: loggedIn(coordinator) });
  return { outcome, request };
}

const start = ['runs', 'start', '--model', 'encoder', '--name', 'r', '--labels', 'a,b'];

test.each<[string, string[], object]>([
  ['a group by its name', ['--group', 'lab'], { group: { id: 'grp_1', membership: 'followed' } }],
  ['a frozen group by its id', ['--group', 'grp_2', '--membership', 'frozen'], { group: { id: 'grp_2', membership: 'frozen' } }],
  ['a canary of three', ['--canary-rounds', '5'], { canary: { rounds: 5, devices: 3, departuresMax: 0.25, onFailure: 'pause' } }],
  ['a canary of a share', ['--canary-rounds', '5', '--canary-share', '0.05', '--canary-failure', 'fail', '--canary-departures', '0'], { canary: { rounds: 5, share: 0.05, departuresMax: 0, onFailure: 'fail' } }],
  ['a canary of a group', ['--canary-rounds', '5', '--canary-group', 'pilot'], { canary: { rounds: 5, group: 'grp_2' } }],
  ['a budget', ['--budget-scalars', '1000', '--budget-hours', '2'], { policy: { stop: { budget: { scalars: 1_000, hours: 2 } } } }],
  ['a start in the night', ['--start-at', '2026-11-26T03:00:00Z', '--when-free'], { startAt: '2026-11-26T03:00:00.000Z', whenFree: true }],
  ['a start after another run', ['--after', '3'], { after: 3 }],
  ['a least count of held-out examples', ['--held-out-min', '50'], { policy: { heldOutMin: 50 } }],
])('%s is asked for', async (_, words, expected) => {
  const { request } = await requestOf([...start, ...words]);
  expect(request).toMatchObject(expected);
  expect(runRequest.safeParse(request).success).toBe(true);
});

test.each([
  [['--group', 'nowhere'], 'request.not-found', '--group'],
  [['--canary-share', '0.1'], 'command.invalid', '--canary-rounds'],
])('%j is refused', async (words, code, field) => {
  const { outcome, request } = await requestOf([...start, ...words]);
  expect(JSON.parse(outcome.stderr).error).toMatchObject({ code, field });
  expect(request).toBeUndefined();
});

test('a clone has every setting of the other run, but not when it started', async () => {
  const { request } = await requestOf(['runs', 'clone', '3']);
  const { startAt: _at, whenFree: _free, ...settings } = asked;
  expect(runRequest.parse(request)).toEqual(settings);
});

test('a clone of a language run keeps its windows', async () => {
  const { headScale: _head, ...adapter } = asked.adapter;
  const language = runRequest.parse({ ...asked, adapter, task: { type: 'language', tokensMax: 64, overlap: 16 } });
  let request: unknown;
  coordinator = await serveCoordinator({ listModels: () => ({ items: [aModel()] }), listGroups: () => ({ items: [aGroup('grp_1', 'lab')] }), createRun: ({ body }) => { request = body; return aRun(); }, showRunRequest: () => language });
  await typed(['runs', 'clone', '3'], { env: loggedIn(coordinator) });
  expect(request).toMatchObject({ task: language.task });
});

test('a clone differs in what is said, and in nothing else', async () => {
  const { request } = await requestOf(['runs', 'clone', '3', '--name', 'gentler', '--learning-rate', '0.003', '--devices', 'dev_1', '--draft']);
  const { startAt: _at, whenFree: _free, group: _group, ...settings } = asked;
  expect(runRequest.parse(request)).toEqual({ ...settings, name: 'gentler', stepRule: { ...settings.stepRule, learningRate: 0.003 }, devices: ['dev_1'], start: false });
});

test('a dry run shows what the run would be and cost, and makes none', async () => {
  const preview: RunPreview = {
    devices: 12, online: 7, measured: { devices: 9, stepMsMedian: 100, stepMsP90: 250 }, manifest: { name: 'r' },
    cost: { scalarsPerReport: 8, bytesPerReport: 440, bytes: 12_345, reports: 480, values: 99, minutes: 0.5 },
  };
  coordinator = await serveCoordinator({ listModels: () => ({ items: [aModel()] }), previewRun: () => preview });
  const { stdout, stderr, exitCode } = await typed([...start, '--dry-run'], { env: loggedIn(coordinator) });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/devices +12, 7 of them online/);
  expect(stdout).toMatch(/time +0\.5 minutes at 250 ms a step/);
  expect(stderr).toContain('Nothing was made.');
});

test('a run shows its group, its canary and its budget', async () => {
  coordinator = await serveCoordinator({ showRun: () => aRun({
    group: { id: 'grp_1', name: 'lab', membership: 'followed' }, budget: { scalars: 1_000, scalarsSpent: 64, hours: 2, hoursSpent: 0.25 },
    canary: { rounds: 2, devices: 3, departuresMax: 0.25, onFailure: 'pause', stage: 'failed', cause: 'canary: the loss rose from 1 to 2', asked: 6, departed: 1, lossBefore: 1, lossAfter: 2 },
  }) });
  const { stdout } = await typed(['runs', 'show', '1'], { env: loggedIn(coordinator) });
  expect(stdout).toMatch(/group +lab, followed/);
  expect(stdout).toMatch(/canary +failed: 2 rounds on 3 devices, 1 of 6 asked left or stayed silent; canary: the loss rose/);
  expect(stdout).toMatch(/budget +64 of 1000 scalars, 0\.25 of 2 hours/);
});
