import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { graphBuilder, writeModel } from '@seedfleet/onnx';
import { emptyFolder, typed } from '../testing/typed.js';

const width = 8;
const vocabulary = 24;
const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 3 * i) / 2);

/** An encoder of two linears that gives a vector a token; with `coupled`, what stands between them is divided by the greatest value of the batch. */
async function anEncoder({ coupled = false } = {}): Promise<string> {
  const folder = await emptyFolder();
  const g = graphBuilder({ name: 'encoder' });
  g.input('input_ids', 'int64', ['batch', 'tokens']);
  g.input('attention_mask', 'int64', ['batch', 'tokens']);
  const rows = g.node('Gather', [g.weight('embed.weight', values(vocabulary * width, 1), [vocabulary, width]), 'input_ids'], 'rows', { axis: 0 });
  const first = g.node('MatMul', [rows, g.weight('first.weight', values(width * width, 2), [width, width])], 'first');
  const between = coupled ? g.node('Div', [first, g.node('ReduceMax', [g.node('Abs', [first], 'size')], 'greatest', { keepdims: 0 })], 'divided') : g.node('Tanh', [first], 'tanh');
  g.node('MatMul', [between, g.weight('second.weight', values(width * width, 3), [width, width])], 'last_hidden_state');
  g.output('last_hidden_state', 'float32', ['batch', 'tokens', width]);
  await writeFile(join(folder, 'model.onnx'), writeModel(g.build()));
  return folder;
}

/** A causal language model that takes no mask, with the tokenizer below beside it. */
async function aDecoder(): Promise<string> {
  const folder = await emptyFolder();
  const g = graphBuilder({ name: 'decoder' });
  g.input('input_ids', 'int64', ['batch', 'tokens']);
  const rows = g.node('Gather', [g.weight('embed.weight', values(vocabulary * width, 1), [vocabulary, width]), 'input_ids'], 'rows', { axis: 0 });
  const hidden = g.node('Tanh', [g.node('MatMul', [rows, g.weight('dense.weight', values(width * width, 2), [width, width])], 'dense')], 'hidden');
  g.output(g.node('MatMul', [hidden, g.weight('head.weight', values(width * vocabulary, 3), [width, vocabulary])], 'logits'), 'float32', ['batch', 'tokens', vocabulary]);
  await writeFile(join(folder, 'model.onnx'), writeModel(g.build()));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  return folder;
}

test.each([
  ['random ids', []],
  ['texts and words of this machine', ['--data', 'DATA', '--labels', 'even,odd', '--words', ' a, b', '--template', '{text} is']],
])('a verbalizer is checked on %s, biases too', async (_, words) => {
  const folder = await aDecoder();
  const data = join(folder, 'data.jsonl');
  await writeFile(data, Array.from({ length: 12 }, (_each, i) => `${JSON.stringify({ text: 'abcdefghijklmnop'.slice(i % 5, i % 5 + 4 + (i % 3)).split('').join(' '), label: i % 2 === 0 ? 'even' : 'odd' })}\n`).join(''));
  const outcome = await typed(['models', 'check', folder, '--task', 'verbalizer', '--sites', 'dense', '--biases', 'dense', '--tokens', '10', '--threads', '1', '-o', 'json', ...words.map((word) => (word === 'DATA' ? data : word))]);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(outcome.stdout)).toMatchObject({ verdict: 'passed', task: 'verbalizer', step: { sites: 2, trainable: 8 * width + width } });
});

/** Every word is a token: the smallest tokenizer there is. */
const tokenizer = {
  version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: { type: 'Whitespace' }, post_processor: null, decoder: null,
  model: { type: 'WordLevel', vocab: Object.fromEntries(['[UNK]', ...'abcdefghijklmnopqrstuvw'].map((word, id) => [word, id])), unk_token: '[UNK]' },
};

test('a model that can be trained passes, with an eps and a learning rate to start with', async () => {
  const outcome = await typed(['models', 'check', await anEncoder(), '--sites', '.*', '--tokens', '6', '--threads', '1', '-o', 'json']);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  const checked = JSON.parse(outcome.stdout);
  expect(checked).toMatchObject({ verdict: 'passed', task: 'classification', pool: 'mean', sites: ['first', 'second'], step: { rows: 16, examples: 4, tokens: 6, trainable: 2 * 8 * width + 2 * width + 2 } });
  expect(checked.parallel).toBeLessThan(1e-5);
  expect(checked.linearity.suggested).toBeGreaterThan(0);
  expect(checked.decided.join('\n')).toMatch(/pool mean[^]*random ids below 24/);
});

test('the same for people, on texts of this machine', async () => {
  const folder = await anEncoder();
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  const data = join(folder, 'data.jsonl');
  await writeFile(data, Array.from({ length: 12 }, (_, i) => `${JSON.stringify({ text: 'abcdefghijklmnop'.slice(i % 5, i % 5 + 4 + (i % 3)).split('').join(' '), label: i % 2 === 0 ? 'even' : 'odd' })}\n`).join(''));
  const outcome = await typed(['models', 'check', folder, '--data', data, '--labels', 'even,odd', '--threads', '1']);
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
  expect(outcome.stdout).toMatch(/batches of the data file[^]*SIGNAL \/ NOISE[^]*try eps[^]*PASSED/);
  expect((await typed(['models', 'check', folder, '--data', data, '--labels', 'even,odd', '--batch', '7'])).stderr).toContain('holds 12 examples');
});

test('a model whose rows disturb each other is refused with the reason, a fix and exit code 8', async () => {
  const outcome = await typed(['models', 'check', await anEncoder({ coupled: true }), '--sites', 'first', '--tokens', '6', '--threads', '1', '-o', 'json']);
  expect(outcome).toMatchObject({ exitCode: 8, stderr: '' });
  expect(JSON.parse(outcome.stdout)).toMatchObject({ verdict: 'refused', refusal: { code: 'check.rows-disturbed', fix: expect.stringContaining('w8a8') } });
  expect((await typed(['models', 'check', await anEncoder({ coupled: true }), '--sites', 'first', '--threads', '1'])).stdout).toMatch(/REFUSED: The losses of a row change[^]*Do: /);
});

test('without a pattern the last third of the sites is adapted', async () => {
  expect(JSON.parse((await typed(['models', 'check', await anEncoder(), '--threads', '1', '-o', 'json'])).stdout)).toMatchObject({ sites: ['second'] });
});

test.each([
  ['a pattern that no site matches', ['--sites', 'third'], 'model.site-unknown'],
  ['a pattern that is none', ['--sites', '('], 'command.invalid'],
  ['data without labels', ['--data', 'x.jsonl', '--tokenizer', 'tokenizer.json'], 'command.invalid'],
  ['data without a tokenizer', ['--data', 'x.jsonl', '--labels', 'a,b'], 'model.tokenizer-missing'],
])('%s', async (_, words, code) => {
  expect(JSON.parse((await typed(['models', 'check', await anEncoder(), ...words, '-o', 'json'])).stderr).error.code).toBe(code);
});
