import { graphBuilder, type OnnxModel } from '@seedfleet/onnx';
import { readingOf } from './guess-model.js';
import { type ModelConfig } from './model-config.js';

type Shapes = Record<string, (number | string)[]>;

/** A model of these outputs; what it computes does not matter here. */
function modelOf(outputs: Shapes, inputs = ['input_ids', 'attention_mask', 'token_type_ids']): OnnxModel {
  const graph = graphBuilder({ name: 'guessed' });
  for (const name of inputs) graph.input(name, 'int64', ['batch', 'tokens']);
  for (const [name, shape] of Object.entries(outputs)) graph.output(graph.node('Cast', [inputs[0] ?? ''], name, { to: 1 }), 'float32', shape);
  return graph.build();
}

const bert: ModelConfig = { architectures: ['BertModel'], hiddenSize: 384, vocabulary: 30_522, padding: 'right' };
const llama: ModelConfig = { architectures: ['LlamaForCausalLM'], hiddenSize: 2048, vocabulary: 32_000, padding: 'left' };
const tokens = { last_hidden_state: ['batch', 'tokens', 384] };

test.each<[string, Shapes, ModelConfig, object]>([
  ['an encoder that gives a vector a token is pooled by the mean', tokens, bert, { output: 'last_hidden_state', pool: 'mean' }],
  ['a sentence vector needs no pool', { ...tokens, sentence_embedding: ['batch', 384] }, bert, { output: 'sentence_embedding' }],
  ['a causal model is read by its logits', { logits: ['batch', 'tokens', 32_000] }, llama, { output: 'logits' }],
  ['a causal model with hidden states as well is read by its logits', { hidden: ['batch', 'tokens', 2048], logits: ['batch', 'tokens', 32_000] }, llama, { output: 'logits' }],
  ['hidden states of a causal model are pooled by the last token', { hidden: ['batch', 'tokens', 2048] }, llama, { output: 'hidden', pool: 'last' }],
  ['of several sentence vectors the one of a known name', { a: ['batch', 384], pooler_output: ['batch', 384] }, bert, { output: 'pooler_output' }],
])('%s', (_, outputs, config, expected) => {
  const { decided: _decided, inputs, ...reading } = readingOf(modelOf(outputs), { config, words: {} });
  expect(reading).toEqual(expected);
  expect(inputs).toEqual({ ids: 'input_ids', mask: 'attention_mask' });
});

test('what the person said stands before every guess', () => {
  const reading = readingOf(modelOf({ ...tokens, sentence_embedding: ['batch', 384] }), { config: bert, words: { output: 'last_hidden_state', pool: 'first', ids: 'token_type_ids' } });
  expect(reading).toMatchObject({ output: 'last_hidden_state', pool: 'first', inputs: { ids: 'token_type_ids' } });
  expect(readingOf(modelOf(tokens), { config: bert, words: { pool: 'none' } })).not.toHaveProperty('pool');
});

test('a model without a mask is read without one, and says what that means', () => {
  const reading = readingOf(modelOf({ logits: ['batch', 'tokens', 32_000] }, ['input_ids']), { config: llama, words: {} });
  expect(reading.inputs).toEqual({ ids: 'input_ids' });
  expect(reading.decided.join('\n')).toContain('no mask input');
});

test.each([
  ['model.output-unclear', modelOf({ a: ['batch', 8], b: ['batch', 8] }), {}],
  ['model.input-unknown', modelOf(tokens), { ids: 'nobody' }],
  ['model.input-unknown', modelOf(tokens, ['pixels']), {}],
])('%s (%#)', (code, model, words) => {
  expect(() => readingOf(model, { config: bert, words })).toThrow(expect.objectContaining({ code }));
});
