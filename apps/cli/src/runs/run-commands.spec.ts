import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from '@seedfleet/artifacts';
import { aFinishedRun } from '@seedfleet/artifacts/testing';
import { decodeLog, verifyManifest } from '@seedfleet/ledger';
import { runRequest, type Evaluation, type RoundRow, type Run } from '@seedfleet/protocol';
import { serveCoordinator, type ServedCoordinator } from '../testing/served-coordinator.js';
import { aModel, aRun, coordinatorKeys, serveRun } from '../testing/served-run.js';
import { emptyFolder, loggedIn, typed } from '../testing/typed.js';


let coordinator: ServedCoordinator | undefined;
afterEach(() => coordinator?.close());

describe('starting a run', () => {
  async function requestOf(words: string[], models = [aModel()]) {
    let request: unknown;
    coordinator = await serveCoordinator({ listModels: () => ({ items: models }), createRun: ({ body }) => { request = body; return aRun({ state: 'queued' }); } });
    const outcome = await typed(['runs', 'start', ...words, '-o', 'json'], { env: loggedIn(coordinator) });
    return { outcome, request };
  }

  test('what was not said is sent all the same, so that it stands in the manifest', async () => {
    const { request } = await requestOf(['--model', 'encoder', '--name', 'reviews', '--labels', 'negative,positive']);
    expect(request).toEqual({
      name: 'reviews', model: 'mdl_1', task: { type: 'classification', labels: ['negative', 'positive'], tokensMax: 128 },
      adapter: { rank: 8, alpha: 16, sites: '.*', scale: 1, headScale: 10 },
      estimator: { type: 'leave-one-out', queries: 8, eps: 0.01, distribution: 'rademacher', groups: 1, batchExamples: 16 },
      stepRule: { type: 'normalised', learningRate: 0.01, schedule: 'constant' },
      policy: { roundsMax: 120, cohort: 4, overSelection: 1.25, reportsMin: 2, deadlineMs: 30_000, evaluationEveryRounds: 20, checkpointEveryRounds: 20, attemptsMax: 10 },
      start: true,
    });
  });

  test('every setting of the request has a flag', async () => {
    const { request } = await requestOf(['--model', 'mdl_1', '--name', 'r', '--labels', 'a, b,c', '--tokens-max', '64', '--rank', '4', '--alpha', '4.5', '--sites', 'q_proj|v_proj', '--scale', '2', '--head-scale', '20',
      '--estimator', 'central', '--queries', '3', '--eps', '1e-3', '--distribution', 'gaussian', '--groups', '2', '--batch', '32', '--step', 'adam', '--learning-rate', '0.5', '--schedule', 'cosine', '--rounds', '7',
      '--cohort', '9', '--over-selection', '1.5', '--reports-min', '5', '--deadline', '0.5', '--evaluate-every', '2', '--checkpoint-every', '3', '--attempts-max', '4', '--devices', 'dev_1,dev_2', '--draft']);
    expect(request).toEqual({
      name: 'r', model: 'mdl_1', task: { type: 'classification', labels: ['a', 'b', 'c'], tokensMax: 64 },
      adapter: { rank: 4, alpha: 4.5, sites: 'q_proj|v_proj', scale: 2, headScale: 20 },
      estimator: { type: 'central', queries: 3, eps: 0.001, distribution: 'gaussian', groups: 2, batchExamples: 32 },
      stepRule: { type: 'adam', learningRate: 0.5, schedule: 'cosine' },
      policy: { roundsMax: 7, cohort: 9, overSelection: 1.5, reportsMin: 5, deadlineMs: 500, evaluationEveryRounds: 2, checkpointEveryRounds: 3, attemptsMax: 4 },
      start: false, devices: ['dev_1', 'dev_2'],
    });
    expect(runRequest.safeParse(request).success).toBe(true);
  });

  test.each([
    ['language', ['--sites', '', '--biases', 'fc2', '--bias-scale', '0.5', '--precision', 'w8a8', '--overlap', '32'],
      { task: { type: 'language', tokensMax: 128, overlap: 32 }, adapter: { rank: 8, alpha: 16, sites: '', scale: 1, biases: 'fc2', biasScale: 0.5 }, precision: 'w8a8' }],
    ['verbalizer', ['--labels', 'bad,good', '--words', ' terrible, great', '--template', '{text} It was'],
      { task: { type: 'verbalizer', labels: ['bad', 'good'], words: [' terrible', ' great'], template: '{text} It was', tokensMax: 128 }, adapter: { rank: 8, alpha: 16, sites: '.*', scale: 1 } }],
  ])('a %s run has no head', async (task, words, expected) => {
    const { request } = await requestOf(['--model', 'encoder', '--name', 'r', '--task', task, ...words]);
    expect(request).toMatchObject(expected);
    expect(runRequest.safeParse(request).success).toBe(true);
  });

  test('conditions to stop early are sent where a flag gives one', async () => {
    const { request } = await requestOf(['--model', 'encoder', '--name', 'r', '--labels', 'a,b', '--target-accuracy', '0.9', '--plateau', '5', '--plateau-improvement', '0.01', '--divergence', '2']);
    expect(request).toMatchObject({ policy: { stop: { targetAccuracy: 0.9, plateau: { evaluations: 5, improvement: 0.01 }, divergence: 2 } } });
    expect(runRequest.safeParse(request).success).toBe(true);
  });

  test('a verbalizer without words says which flag is missing', async () => {
    const { outcome } = await requestOf(['--model', 'encoder', '--name', 'r', '--task', 'verbalizer', '--labels', 'a,b', '--template', '{text}']);
    expect(JSON.parse(outcome.stderr).error).toMatchObject({ code: 'command.invalid', field: '--words' });
  });

  test('a setting outside its range is refused with its field before it is sent', async () => {
    const { outcome, request } = await requestOf(['--model', 'encoder', '--name', 'r', '--labels', 'a,b', '--queries', '1']);
    expect(JSON.parse(outcome.stderr).error).toMatchObject({ code: 'request.invalid', field: 'estimator.queries' });
    expect(request).toBeUndefined();
  });

  test.each([
    ['an unknown model', 'request.not-found', [aModel({ name: 'other' })]],
    ['a model that is still uploading', 'request.not-found', [aModel({ state: 'uploading' })]],
    ['a name that two models have', 'model.name-unclear', [aModel(), aModel({ id: 'mdl_2' })]],
  ])('%s is refused', async (_, code, models) => {
    const { outcome } = await requestOf(['--model', 'encoder', '--name', 'r', '--labels', 'a,b'], models);
    expect(JSON.parse(outcome.stderr).error.code).toBe(code);
  });

  test('without labels it is a wrong command line', async () => {
    const { outcome } = await requestOf(['--model', 'encoder', '--name', 'r']);
    expect(outcome.exitCode).toBe(2);
    expect(outcome.stderr).toContain('--labels');
  });

  test('a number starts the draft of that number', async () => {
    coordinator = await serveCoordinator({ startRun: ({ params }) => aRun({ id: Number(params['id']), state: 'queued' }) });
    const outcome = await typed(['runs', 'start', '4', '-o', 'json'], { env: loggedIn(coordinator) });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ id: 4, state: 'queued' });
  });
});

test.each([['pause', 'pauseRun', 'paused'], ['resume', 'resumeRun', 'running'], ['stop', 'stopRun', 'cancelled'], ['show', 'showRun', 'running']] as const)('`runs %s` calls %s and shows the run as it is then', async (action, route, state) => {
  coordinator = await serveCoordinator({ [route]: ({ params }: { params: Record<string, string> }) => aRun({ id: Number(params['id']), state }) });
  const outcome = await typed(['runs', action, '3', '-o', 'json'], { env: loggedIn(coordinator) });
  expect(JSON.parse(outcome.stdout)).toEqual(aRun({ id: 3, state }));
  expect((await typed(['runs', action, '3'], { env: loggedIn(coordinator) })).stdout).toMatch(new RegExp(`state +${state}`));
});

test('a list of runs shows how far each is', async () => {
  coordinator = await serveCoordinator({ listRuns: () => ({ items: [aRun({ id: 2, state: 'running', round: 7 }), aRun({ lastEvaluation: null })], next: null }) });
  const { stdout } = await typed(['runs', 'list'], { env: loggedIn(coordinator) });
  expect(stdout).toMatch(/2\s+reviews\s+running\s+7\/20\s+3\s+0\.8500/);
});

describe('watching a run', () => {
  const aRound = (round: number, changes: Partial<RoundRow> = {}): RoundRow => ({ round, attempt: 0, state: 'committed', cause: null, selected: 5, accepted: 5, reported: 4, openedAt: '2026-11-25T10:00:00.000Z', endedAt: '2026-11-25T10:00:01.000Z', learningRate: 0.01, coefficientRms: 0.25, stateHash: 'c'.repeat(64), ...changes });
  const anEvaluation = (round: number): Evaluation => ({ round, loss: 0.5, accuracy: 0.8, macroF1: null, perplexity: null, count: 600, devices: 6, at: '2026-11-25T10:00:00.000Z' });
  const open = aRound(2, { state: 'collecting', endedAt: null, coefficientRms: null, stateHash: null });

  /** What the coordinator says at each look; the last stays. */
  const looks: { run: Partial<Run>; rounds: RoundRow[]; evaluations: Evaluation[] }[] = [
    { run: { state: 'running', round: 0 }, rounds: [], evaluations: [anEvaluation(0)] },
    { run: { state: 'running', round: 2 }, rounds: [open, aRound(1), aRound(0)], evaluations: [anEvaluation(0)] },
    { run: { state: 'running', round: 2 }, rounds: [open, aRound(1), aRound(0)], evaluations: [anEvaluation(0)] },
    { run: { state: 'completed', round: 3 }, rounds: [aRound(2, { attempt: 1 }), aRound(2, { state: 'abandoned', cause: 'too-few-reports', reported: 1 }), aRound(1), aRound(0)], evaluations: [anEvaluation(0), anEvaluation(3)] },
  ];

  async function watched(words: string[], last: Partial<Run> = {}) {
    let look = -1;
    const now = () => looks[Math.min(look, looks.length - 1)] ?? { run: {}, rounds: [], evaluations: [] };
    coordinator = await serveCoordinator({
      showRun: () => { look++; return aRun({ ...now().run, ...(look >= looks.length - 1 ? last : {}) }); },
      // Pages of two, newest first, as the real list has pages.
      listRounds: ({ query }) => {
        const start = Number(query['cursor'] ?? 0);
        return { items: now().rounds.slice(start, start + 2), next: start + 2 < now().rounds.length ? String(start + 2) : null };
      },
      listEvaluations: () => ({ items: now().evaluations }),
    });
    return typed(['runs', 'watch', '1', ...words], { env: loggedIn(coordinator) });
  }

  test('every ended round is shown once and in order, until the run has ended', async () => {
    const outcome = await watched(['-o', 'json']);
    const lines = outcome.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    expect(lines.map((line) => line.type === 'round' ? `round ${line.round}/${line.attempt} ${line.state}` : line.type === 'state' ? line.state : `evaluation ${line.round}`)).toEqual([
      'evaluation 0', 'running', 'round 0/0 committed', 'round 1/0 committed', 'round 2/0 abandoned', 'round 2/1 committed', 'evaluation 3', 'completed',
    ]);
    expect(outcome.exitCode).toBe(0);
  });

  test('people read a line a round and the state at the end', async () => {
    const { stdout } = await watched([]);
    expect(stdout).toContain('round 1: committed, 4 of 5 devices reported, coefficients 2.50e-1, state cccccccccccc');
    expect(stdout).toContain('round 2, attempt 0: abandoned (too-few-reports), 1 of 5 devices reported');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('run 1 is completed at round 3 of 20');
  });

  test('a coordinator that is away for a while is waited for', async () => {
    const gone = await serveCoordinator({});
    await gone.close();
    let pauses = 0;
    const { port } = new URL(gone.url);
    const outcome = await typed(['runs', 'watch', '1'], { env: loggedIn(gone), sleep: async () => {
      if (++pauses === 3) coordinator = await serveCoordinator({ showRun: () => aRun(), listRounds: () => ({ items: [], next: null }), listEvaluations: () => ({ items: [] }) }, Number(port));
    } });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '', stdout: 'run 1 is completed at round 0 of 20\n' });
    expect(pauses).toBe(3);
  });

  test('a coordinator that stays away ends the command', async () => {
    const gone = await serveCoordinator({});
    await gone.close();
    const outcome = await typed(['runs', 'watch', '1'], { env: loggedIn(gone) });
    expect(outcome).toMatchObject({ exitCode: 6, stdout: '' });
    expect(outcome.stderr).toContain('coordinator.unreachable');
  });

  test('a run that failed ends the command with 1 and its cause', async () => {
    const { stdout, exitCode } = await watched([], { state: 'failed', cause: 'attempts-exhausted' });
    expect(stdout).toContain('run 1 is failed at round 3 of 20: attempts-exhausted');
    expect(exitCode).toBe(1);
  });
});

describe('exporting a run', () => {
  test('the folder holds the adapter, the head, and what proves where they come from', async () => {
    coordinator = await serveRun();
    const folder = join(await emptyFolder(), 'adapter');
    const outcome = await typed(['runs', 'export', '1', '--out', folder, '-o', 'json'], { env: loggedIn(coordinator) });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await readdir(folder)).sort()).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors', 'commits.log', 'head.safetensors', 'manifest.json', 'provenance.json']);

    const finished = aFinishedRun({ rounds: 12, coordinatorPrivateKey: coordinatorKeys.privateKey });
    const written = async (name: string) => new Uint8Array(await readFile(join(folder, name)));
    const adapter = readSafetensors(await written('adapter_model.safetensors'));
    expect(adapter.tensors.map(({ name }) => name)).toContain('base_model.model.encoder.layer.0.attn.q.lora_B.weight');
    expect(verifyManifest(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))).manifest.name).toBe('a run');
    expect(decodeLog(await written('commits.log'))).toEqual(finished.log);
    expect(JSON.parse(await readFile(join(folder, 'provenance.json'), 'utf8'))).toMatchObject({ run: 1, rounds: 12, stateHash: finished.stateHash, headHash: finished.headHash, manifestHash: finished.signedManifest.hash });
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toContain(finished.stateHash);
  });

  test('a run that does not verify is not exported', async () => {
    coordinator = await serveRun(({ log }) => { log.splice(3, 1); });
    const folder = join(await emptyFolder(), 'adapter');
    const outcome = await typed(['runs', 'export', '1', '--out', folder], { env: loggedIn(coordinator) });
    expect(outcome.exitCode).toBe(8);
    await expect(readdir(folder)).rejects.toThrow('ENOENT');
  });

  test('an empty folder is taken, and nothing unfinished is left beside it', async () => {
    coordinator = await serveRun();
    const above = await emptyFolder();
    await mkdir(join(above, 'adapter'));
    expect((await typed(['runs', 'export', '1', '--out', join(above, 'adapter')], { env: loggedIn(coordinator) })).exitCode).toBe(0);
    expect(await readdir(above)).toEqual(['adapter']);
    expect(await readdir(join(above, 'adapter'))).toHaveLength(7);
  });

  test('a folder that holds something is left alone', async () => {
    coordinator = await serveRun();
    const folder = await emptyFolder();
    await writeFile(join(folder, 'mine'), '');
    const outcome = await typed(['runs', 'export', '1', '--out', folder], { env: loggedIn(coordinator) });
    expect(outcome.stderr).toContain('export.folder-in-use');
    expect(await readdir(folder)).toEqual(['mine']);
  });
});
