import { graphBuilder, rawTensor } from '@seedfleet/onnx';
import { smallModel, vocabulary } from '../training-graph/small-models.fixture.js';
import { randomBatches } from './random-batches.js';
import { vocabularyOf } from './vocabulary.js';

test('the vocabulary is the length of the table that the token ids choose from', () => {
  expect(vocabularyOf(smallModel({ blocks: ['linear'], pool: 'mean' }), 'ids')).toBe(vocabulary);
  expect(vocabularyOf(smallModel({ blocks: ['linear'], pool: 'mean' }), 'mask')).toBeUndefined();
});

test('a table of bytes behind a cast of the ids is one as well', () => {
  const g = graphBuilder({ name: 'bytes' });
  g.input('ids', 'int64', ['batch', 'tokens']);
  g.initializer(rawTensor({ name: 'table', type: 'uint8', shape: [300, 4], rawData: new Uint8Array(1_200) }));
  g.output(g.node('Gather', ['table', g.node('Cast', ['ids'], 'short', { to: 6 })], 'rows', { axis: 0 }), 'uint8', ['batch', 'tokens', 4]);
  expect(vocabularyOf(g.build(), 'ids')).toBe(300);
});

test('random batches stay in the vocabulary, have padding, and are the same again', () => {
  const shape = { examples: 3, tokens: 8, vocabulary: 50, task: { type: 'classification', classes: 2 } } as const;
  const batches = randomBatches(2, shape);
  expect(randomBatches(2, shape)).toEqual(batches);
  expect(batches[0]?.ids).not.toEqual(batches[1]?.ids);
  for (const { ids, mask, labels } of batches) {
    ids.forEach((id, i) => expect(mask[i] === 1n ? id >= 4n && id < 50n : id === 0n).toBe(true));
    expect(mask.filter((present) => present === 0n)).toHaveLength(2);
    for (const label of labels) expect([0n, 1n]).toContain(label);
  }
});

test('labels of a language model are the tokens themselves, but for the first and the padding', () => {
  const [batch] = randomBatches(1, { examples: 2, tokens: 4, vocabulary: 50, task: { type: 'language' } });
  batch?.labels.forEach((label, i) => expect(label).toBe(i % 4 === 0 || batch.mask[i] === 0n ? -1n : batch.ids[i]));
});
