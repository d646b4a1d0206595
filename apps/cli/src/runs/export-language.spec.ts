import { readdir } from 'node:fs/promises';
import { readModel } from '@seedfleet/onnx';
import { bytesIn, exportedRun, runExample, tensorsIn, textIn } from '../testing/exported-run.js';
import { base } from '../testing/served-model-run.js';

const { width, vocabulary, table, q } = base;
/** Ids of the tokenizer. */
const [one, text, good, bad, film] = [1, 2, 5, 6, 7];

/**
 * Logits behind a text that ends with a token, from the PEFT files in float64: h table^T with h = x (W + s lora_A^T lora_B^T) + bias, x the embedding of the token.
 * The model has no attention, so that nothing before it counts.
 */
async function logitsByPeft(run: 'language' | 'verbalizer'): Promise<(token: number) => number[]> {
  const { folder } = await exportedRun([], { run });
  const tensors = await tensorsIn(folder, ['adapter_model.safetensors', 'biases.safetensors']);
  const of = (name: string) => tensors.get(name) ?? new Float32Array();
  const { r, lora_alpha: alpha } = JSON.parse(await textIn(folder, 'adapter_config.json')) as { r: number; lora_alpha: number };
  const sum = (count: number, term: (i: number) => number) => Array.from({ length: count }, (_, i) => term(i)).reduce((all, value) => all + value, 0);
  return (token) => {
    const x = (i: number) => table[token * width + i] ?? NaN;
    const low = Array.from({ length: r }, (_, k) => sum(width, (i) => x(i) * (of('base_model.model.q.lora_A.weight')[k * width + i] ?? NaN)) * alpha / r);
    const h = Array.from({ length: width }, (_, o) => sum(width, (i) => x(i) * (q[i * width + o] ?? NaN)) + sum(r, (k) => (low[k] ?? NaN) * (of('base_model.model.q.lora_B.weight')[o * r + k] ?? NaN)) + (of('q.bias')[o] ?? NaN));
    return Array.from({ length: vocabulary }, (_, v) => sum(width, (o) => (h[o] ?? NaN) * (table[v * width + o] ?? NaN)));
  };
}

const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));

test.each([['onnx', 1e-5], ['onnx-w8a8', 0.05]])('a language model that leaves as %s has what was trained inside: the example of the card shows it', async (form, near) => {
  const logitsAfter = await logitsByPeft('language');
  const { folder, outcome } = await exportedRun(['--as', form], { run: 'language' });
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect((await readdir(folder)).sort()).toEqual(['README.md', 'commits.log', 'manifest.json', 'model.onnx', 'provenance.json', 'tokenizer.json']);
  expect(readModel(await bytesIn(folder, 'model.onnx')).graph.output.map(({ name }) => name)).toEqual(['logits']);
  const lines = await runExample(folder, `console.log(JSON.stringify([ids, await logitsAfter([${text}, ${one}])]));`);
  const [ids, logits] = JSON.parse(lines.at(-1) ?? '[]') as [number[], number[]];
  const expected = logitsAfter(one);
  logits.forEach((logit, id) => expect(Math.abs(logit - (expected[id] ?? NaN))).toBeLessThan(near * largest(expected)));
  // Each token that the example adds is the likeliest behind the one before it.
  expect(ids).toHaveLength(22);
  expect(ids.slice(0, 2)).toEqual([one, text]);
  for (let t = 2; t < ids.length; t++) {
    const behind = logitsAfter(ids[t - 1] ?? NaN);
    expect(Math.max(...behind) - (behind[ids[t] ?? NaN] ?? NaN)).toBeLessThan(near * largest(behind));
  }
});

test.each([['onnx', 1e-5], ['onnx-w8a8', 0.05]])('a verbalizer that leaves as %s: the example of the card asks by template and words', async (form, near) => {
  const logitsAfter = await logitsByPeft('verbalizer');
  const { folder } = await exportedRun(['--as', form], { run: 'verbalizer' });
  const lines = await runExample(folder, 'console.log(JSON.stringify(logits));');
  const behind = logitsAfter(film);
  const expected = [bad, good].map((id) => behind[id] ?? NaN);
  const logits = JSON.parse(lines.at(-1) ?? '[]') as number[];
  expect(logits).toHaveLength(2);
  logits.forEach((logit, i) => expect(Math.abs(logit - (expected[i] ?? NaN))).toBeLessThan(near * largest(behind)));
  expect(lines[0]).toBe((expected[0] ?? NaN) > (expected[1] ?? NaN) ? 'negative' : 'positive');
});

test('card and metadata of a verbalizer name template, words and labels', async () => {
  for (const words of [[], ['--as', 'onnx']]) {
    const { folder } = await exportedRun(words, { run: 'verbalizer' });
    expect(await textIn(folder, 'README.md')).toContain('To the prompt `"{text} the film"` it answers with one word: `" bad"` for `negative`, `" good"` for `positive`.');
    if (words.length === 0) continue;
    const metadata = Object.fromEntries(readModel(await bytesIn(folder, 'model.onnx')).proto.metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata).toMatchObject({ template: '{text} the film', words: '[" bad"," good"]', labels: '["negative","positive"]', 'seedfleet.task': 'verbalizer' });
  }
});

test('the card of an adapter with biases says how they are added', async () => {
  const { folder } = await exportedRun([], { run: 'language' });
  expect((await readdir(folder)).sort()).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors', 'biases.safetensors', 'commits.log', 'manifest.json', 'provenance.json']);
  const card = await textIn(folder, 'README.md');
  expect(card).toContain('AutoModelForCausalLM');
  expect(card).toContain('load_file("biases.safetensors")');
  expect(card).not.toContain('head.safetensors');
  expect(card).toContain('pipeline_tag: text-generation');
});

test('a run of biases alone is nothing for PEFT and leaves as ONNX', async () => {
  const { outcome } = await exportedRun([], { run: 'biases' });
  expect(JSON.parse(outcome.stderr).error).toMatchObject({ code: 'artifact.no-adapter', fix: expect.stringContaining('--as onnx') });
  const { folder } = await exportedRun(['--as', 'onnx'], { run: 'biases' });
  const card = await textIn(folder, 'README.md');
  expect(card).toContain('(1 bias)');
  expect(card).not.toContain('- lora');
  // A bias changes no product: x W is as it was, and what is added to it is new.
  const { graph } = readModel(await bytesIn(folder, 'model.onnx'));
  expect(graph.initializer.find(({ name }) => name === 'q.weight')?.rawData).toEqual(new Uint8Array(q.buffer));
  expect((await runExample(folder, 'console.log(ids.length);')).at(-1)).toBe('22');
});
