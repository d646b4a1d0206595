import { verifyManifest, type SignedManifest } from '@seedfleet/ledger';
import { type Evaluation, type Model, type Run } from '@seedfleet/protocol';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { DeviceUnderTest } from '../testing/a-device.js';
import { aLanguageModelFile, anUploadedModel, aRunRequest } from '../testing/a-model.js';
import { problemOf } from '../testing/operator-hands.js';

let fleet: CoordinatorUnderTest;
let encoder: Model;
let decoder: Model;

beforeAll(async () => {
  fleet = await aCoordinator();
  encoder = await anUploadedModel(fleet);
  decoder = await anUploadedModel(fleet, { file: aLanguageModelFile(), output: 'logits', inputs: { ids: 'input_ids' } });
}, 60_000);
afterAll(() => fleet.close());

const language = { type: 'language', tokensMax: 16 };
const verbalizer = { type: 'verbalizer', labels: ['negative', 'positive'], words: [' bad', ' good'], template: '{text} It was', tokensMax: 16 };
const adapter = { rank: 2, alpha: 4, sites: 'layer\\.up', scale: 1, biases: 'layer\\.up|head', biasScale: 0.5 };
const request = (changes: object) => ({ ...aRunRequest(decoder.id, { reportsMin: 1, cohort: 1 }), task: language, adapter, ...changes });
const create = (changes: object) => fleet.call('POST', '/api/v1/runs', { body: request(changes) });

test('a model says what its output is good for', () => {
  expect(encoder).toMatchObject({ tasks: ['classification'], outputWidth: 6 });
  expect(decoder).toMatchObject({ tasks: ['language', 'verbalizer'], outputWidth: 16, inputs: { ids: 'input_ids' } });
});

test.each([['language', language], ['verbalizer', verbalizer]])('the manifest of a %s run trains adapters, then biases, and has no head', async (_, task) => {
  const { id } = (await create({ task, precision: 'w8a8' })).json as Run;
  const { manifest } = verifyManifest((await fleet.call('GET', `/api/v1/runs/${id}/manifest`)).json as SignedManifest);
  expect(manifest.task).toEqual(task);
  expect(manifest.model).toMatchObject({ inputs: { ids: 'input_ids' }, precision: 'w8a8' });
  expect(manifest.adapter.sites).toEqual([
    { name: 'layer.up', kind: 'lora', inputs: 6, shape: [2, 6], scale: 1 },
    { name: 'layer.up.bias', kind: 'bias', inputs: 0, shape: [6], scale: 0.5 }, { name: 'head.bias', kind: 'bias', inputs: 0, shape: [16], scale: 0.5 },
  ]);
  await fleet.call('POST', `/api/v1/runs/${id}/stop`);
});

test('biases alone are enough', async () => {
  const { id } = (await create({ adapter: { ...adapter, sites: '' } })).json as Run;
  const { manifest } = verifyManifest((await fleet.call('GET', `/api/v1/runs/${id}/manifest`)).json as SignedManifest);
  expect(manifest.adapter.sites.map(({ kind }) => kind)).toEqual(['bias', 'bias']);
  await fleet.call('POST', `/api/v1/runs/${id}/stop`);
});

test.each([
  ['a task that the output is not good for', () => ({ model: encoder.id }), 'run.task-unfit', 'task.type'],
  ['nothing to train', () => ({ adapter: { rank: 2, alpha: 4, scale: 1, sites: '' } }), 'run.no-sites', 'adapter.sites'],
  ['biases that match nothing', () => ({ adapter: { ...adapter, biases: 'nowhere' } }), 'run.no-sites', 'adapter.biases'],
  ['biases without a scale', () => ({ adapter: { ...adapter, biasScale: undefined } }), 'request.invalid', 'adapter.biasScale'],
  ['a head', () => ({ adapter: { ...adapter, headScale: 10 } }), 'request.invalid', 'adapter.headScale'],
  ['a word too few', () => ({ task: { ...verbalizer, words: [' bad', ' good', ' fair'] } }), 'request.invalid', 'task.words'],
  ['a classification without a head', () => ({ model: encoder.id, task: { type: 'classification', labels: ['a', 'b'], tokensMax: 16 }, adapter: { rank: 2, alpha: 4, scale: 1, sites: '.*' } }), 'request.invalid', 'adapter.headScale'],
])('a run with %s is refused', async (_, changes, code, field) => {
  expect(problemOf(await create(changes()))).toMatchObject({ code, field });
});

async function evaluatedBy(task: object, report: object): Promise<{ refused: string | null; evaluations: Evaluation[] }> {
  const { id } = (await create({ task })).json as Run;
  const device = await DeviceUnderTest.enrol(fleet);
  await device.connect();
  const asked = new Promise<void>((resolve) => device.socket.on('evaluation:start', () => resolve()));
  await device.hello();
  await device.fetchManifest(id);
  await device.prepared(id, { trainExamples: 100, heldOutExamples: 10 });
  await asked;
  const answer = await device.send('evaluation:report', { run: id, round: 0, lossSum: 20, correct: 6, count: 10, ...report });
  // Answered before it is saved: what is asked of the run comes after.
  await fleet.call('POST', `/api/v1/runs/${id}/pause`);
  const { items } = (await fleet.call('GET', `/api/v1/runs/${id}/evaluations`)).json as { items: Evaluation[] };
  device.close();
  await fleet.call('POST', `/api/v1/runs/${id}/stop`);
  return { refused: answer.ok ? null : answer.error.code, evaluations: items };
}

test('an evaluation by class has a macro F1, one of a language model a perplexity', async () => {
  const perClass = { actual: [5, 5], predicted: [7, 3], correct: [4, 2] };
  expect((await evaluatedBy(verbalizer, { perClass })).evaluations).toMatchObject([{ accuracy: 0.6, macroF1: expect.closeTo((8 / 12 + 4 / 8) / 2, 12), perplexity: null }]);
  expect((await evaluatedBy(language, {})).evaluations).toMatchObject([{ loss: 2, macroF1: null, perplexity: expect.closeTo(7.389056, 6) }]);
}, 30_000);

test('sums of other classes than the run has are refused', async () => {
  const perClass = { actual: [5, 5, 0], predicted: [7, 3, 0], correct: [4, 2, 0] };
  expect(await evaluatedBy(verbalizer, { perClass })).toEqual({ refused: 'report.examples', evaluations: [] });
}, 30_000);

test('a run whose evaluation reaches its target is completed by that', async () => {
  const { id } = (await create({ policy: { ...request({}).policy, stop: { targetLoss: 2 } } })).json as Run;
  const device = await DeviceUnderTest.enrol(fleet);
  await device.connect();
  device.socket.on('evaluation:start', ({ run, round }) => void device.send('evaluation:report', { run, round, lossSum: 20, correct: 6, count: 10 }));
  await device.hello();
  await device.fetchManifest(id);
  await device.prepared(id, { trainExamples: 100, heldOutExamples: 10 });
  await device.end();
  expect((await fleet.call('GET', `/api/v1/runs/${id}`)).json).toMatchObject({ state: 'completed', cause: 'target-reached', round: 0, lastEvaluation: { loss: 2 } });
  device.close();
}, 30_000);
