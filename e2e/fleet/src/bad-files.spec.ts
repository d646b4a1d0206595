import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestRefused, waitUntil } from '@seedfleet/example-sentiment';
import { graphBuilder, writeModel } from '@seedfleet/onnx';
import { toyModel, writeToyModel } from './toy/toy-model.js';
import { ToyFleet } from './toy/toy-fleet.js';

let fleet: ToyFleet;

beforeAll(async () => {
  fleet = await ToyFleet.start(0);
}, 60_000);
afterAll(() => fleet.remove());

/** A model that has no linear layer: its output is the mean of what it is given. */
function modelWithoutSites(): Uint8Array {
  const graph = graphBuilder({ name: 'no_linear' });
  graph.input('input_ids', 'int64', ['batch', 'sequence']);
  graph.input('attention_mask', 'int64', ['batch', 'sequence']);
  graph.weight('embedding.weight', new Float32Array(62 * 16), [62, 16]);
  graph.node('Gather', ['embedding.weight', 'input_ids'], 'embedded', { axis: 0 });
  graph.node('ReduceMean', ['embedded'], 'sentence_embedding', { axes: [1], keepdims: 0 });
  graph.output('sentence_embedding', 'float32', ['batch', 16]);
  return writeModel(graph.build());
}

/** The refusal with which the coordinator answers the upload of a model. */
async function refusalOf(model: Uint8Array): Promise<RequestRefused['problem']> {
  const folder = join(fleet.folder, 'bad-model');
  await mkdir(folder, { recursive: true });
  await writeToyModel(folder);
  await writeFile(join(folder, 'model.onnx'), model);
  const error = await fleet.addModel(folder).then(() => null, (refused: unknown) => refused);
  if (!(error instanceof RequestRefused)) throw new Error(`The model was not refused: ${String(error)}`);
  return error.problem;
}

describe('a model that cannot be trained is refused when it arrives', () => {
  test.each([
    ['a text', 'model.not-onnx', () => new TextEncoder().encode('not a model, however long it may be')],
    ['half a model', 'model.not-onnx', () => toyModel().subarray(0, 900)],
    ['opset 12', 'model.opset-too-old', () => toyModel({ opset: 12 })],
    ['no linear layer', 'model.no-sites', modelWithoutSites],
  ])('%s: %s, with what to do', async (_, code, model) => {
    const problem = await refusalOf(model());
    expect(problem.code).toBe(code);
    expect(problem.detail).toContain('model.onnx');
    expect(problem.fix.length).toBeGreaterThan(20);
  });

  test('one that takes part and gives NaN: the device leaves with the cause, and nothing is reported', async () => {
    const name = 'nan-device';
    await fleet.addWorker(name, { data: true });
    const run = await fleet.startRun({ rounds: 3, model: { broken: true } });
    const cause = await causeOf({ run, name });
    expect(cause).toMatch(/loss\.not-finite/);
    expect((await fleet.run(run)).round).toBe(0);
    await fleet.coordinator.client.call('stopRun', { params: { id: run } });
    await fleet.worker(name).stop();
  }, 60_000);
});

describe('a data file that cannot be used stops its device with file, line, field and fix', () => {
  const good = '{"text":"word1 word2","label":"early"}';
  test.each([
    { problem: 'a broken line', code: 'dataset.broken-line', lines: [good, '{"text":"word1', good], says: /line 2/ },
    { problem: 'a missing field', code: 'dataset.missing-field', lines: [good, good, '{"text":"word1"}'], says: /line 3.*label|label.*line 3/ },
    { problem: 'an unknown label', code: 'dataset.unknown-label', lines: [good, '{"text":"word1","label":"noon"}'], says: /line 2.*label|label.*line 2/ },
    { problem: 'no examples', code: 'dataset.empty', lines: [], says: /\.jsonl/ },
  ])('$problem: $code', async ({ code, lines, says }) => {
    const name = code.replace('.', '-');
    await fleet.addWorker(name, { data: true, lines });
    const run = await fleet.startRun({ rounds: 3, cohort: 1 });
    const cause = await causeOf({ run, name });
    expect(cause).toContain(code);
    expect(cause).toMatch(says);
    // The operator learns the place, never what stands there.
    expect(cause).not.toMatch(/word1|noon/);
    expect(await fleet.logOf(name)).not.toMatch(/word1|noon/);
    await fleet.coordinator.client.call('stopRun', { params: { id: run } });
    await fleet.worker(name).stop();
  }, 60_000);
});

/** Why a device is not in a run, as the operator sees it. */
function causeOf({ run, name }: { run: number; name: string }): Promise<string> {
  return waitUntil({ what: `${name} to say why it does not take part`, timeoutMs: 30_000 }, async () => {
    const { items } = await fleet.coordinator.client.call('listAssignments', { params: { id: run } });
    return items.find((assignment) => assignment.name === name && (assignment.state === 'failed' || assignment.state === 'left'))?.cause ?? null;
  });
}
