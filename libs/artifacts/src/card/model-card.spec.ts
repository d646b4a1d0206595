import { generateKeyPair, type Manifest } from '@seedfleet/ledger';
import { aFinishedRun } from '../audit/a-finished-run.js';
import { verifyRun } from '../audit/verify-run.js';
import { modelCard } from './model-card.js';
import { type CardFormat } from './usage.js';

const { privateKey } = generateKeyPair();
const onnx: CardFormat = { type: 'onnx', precision: 'fp32', logits: 'logits', inputs: ['input_ids', 'attention_mask'], external: false, dequantises: false };

function cardOf(format: CardFormat, changes: Partial<Manifest> = {}): string {
  return modelCard({ verified: verifyRun(aFinishedRun({ rounds: 2, coordinatorPrivateKey: privateKey, ...changes })), format, evaluation: null });
}

test('each setting of ONNX Runtime that a model needs stands in both examples, and no other', () => {
  const settings = (changes: Partial<CardFormat & { type: 'onnx' }>) => [...cardOf({ ...onnx, ...changes }).matchAll(/session\.(\w+)", "1"|(\w+): '1'/g)].map(([, python, javaScript]) => python ?? javaScript);
  expect(settings({})).toEqual([]);
  expect(settings({ precision: 'w8a8' })).toEqual(['x64quantprecision', 'x64quantprecision']);
  expect(settings({ dequantises: true })).toEqual(['qdq_matmulnbits_accuracy_level', 'qdq_matmulnbits_accuracy_level']);
  expect(settings({ precision: 'w8a8', dequantises: true })).toHaveLength(4);
});

test('inputs that the example cannot fill are named, the known ones filled', () => {
  const card = cardOf({ ...onnx, inputs: ['input_ids', 'attention_mask', 'token_type_ids', 'past_key_values.0.key'] });
  expect(card).toContain('"token_type_ids": np.zeros_like(ids)');
  expect(card).toContain('does not fill, empty in training: `past_key_values.0.key`.');
});

test('labels with marks of Markdown stay code', () => {
  expect(cardOf(onnx, { task: { type: 'classification', labels: ['a`b', '``'], tokensMax: 8 } })).toContain('Labels, in the order of their class: `` a`b ``, ``` `` ```.');
});

test('a name with colons and quotes stays one text of YAML', () => {
  const [, yaml = ''] = /^---\n([^]*?)\n---\n/.exec(modelCard({ verified: verifyRun(aFinishedRun({ rounds: 1, coordinatorPrivateKey: privateKey, name: 'a: "b"\n- c' })), format: onnx, evaluation: { round: 1, loss: 0.5, accuracy: 0.5, count: 4, devices: 2 } })) ?? [];
  expect(yaml).toContain('- name: "a: \\"b\\"\\n- c"');
});
