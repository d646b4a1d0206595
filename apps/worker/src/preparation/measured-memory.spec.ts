import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sha256, toHex, type Manifest } from '@seedfleet/ledger';
import { graphBuilder, writeModel } from '@seedfleet/onnx';
import { makePrivateFolder } from '../vault/atomic-file.js';

interface Measured { opened: number; peak: number; positionsPerPass: number; differences: number[] }

const [width, inner, tokens, examples, queries] = [64, 32_768, 16, 8, 16];
/** What ONNX Runtime takes for itself (docs/worker.md). */
const runtimeMegabytes = 50;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'seedfleet-measured-'));
  makePrivateFolder(join(folder, 'served'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A model whose step is all activations: 512 times as wide inside as outside. */
function aModel(): Pick<Manifest, 'model' | 'adapter'> {
  const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i) / 8);
  const g = graphBuilder({ name: 'wide' });
  g.input('input_ids', 'int64', ['batch', 'tokens']);
  g.input('attention_mask', 'int64', ['batch', 'tokens']);
  const rows = g.node('Gather', [g.weight('table', values(30 * width, 1), [30, width]), 'input_ids'], 'rows');
  const first = g.node('MatMul', [rows, g.weight('first.weight', values(width * inner, 2), [width, inner])], 'first');
  const gated = g.node('Mul', [g.node('Tanh', [first], 'tanh'), g.node('Sigmoid', [first], 'gate')], 'gated');
  const second = g.node('MatMul', [gated, g.weight('second.weight', values(inner * width, 3), [inner, width])], 'second');
  g.node('ReduceMean', [second], 'pooled', { axes: [1], keepdims: 0 });
  g.output('pooled', 'float32', ['batch', width]);
  const tokenizer = { version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: { type: 'Whitespace' }, post_processor: null, decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(['[UNK]', ...'abcdefghijklmnop'].map((word, id) => [word, id])), unk_token: '[UNK]' } };
  const fileOf = (path: string, role: 'model' | 'tokenizer', bytes: Uint8Array) => {
    writeFileSync(join(folder, 'served', path), bytes);
    return { path, role, sha256: toHex(sha256(bytes)), bytes: bytes.length };
  };
  return {
    model: { name: 'wide', output: 'pooled', inputs: { ids: 'input_ids', mask: 'attention_mask' }, files: [fileOf('model.onnx', 'model', writeModel(g.build())), fileOf('tokenizer.json', 'tokenizer', new TextEncoder().encode(JSON.stringify(tokenizer)))] },
    adapter: { rank: 2, alpha: 4, sites: [
      { name: 'first', kind: 'lora', inputs: width, shape: [2, inner], scale: 1 },
      { name: 'head.W', kind: 'head-weight', inputs: width, shape: [width, 2], scale: 1 }, { name: 'head.b', kind: 'head-bias', inputs: 0, shape: [2], scale: 1 }] },
  };
}

test('a bound on the memory of a step is kept by what the process really holds, and changes no difference', async () => {
  const data = join(folder, 'data.jsonl');
  writeFileSync(data, Array.from({ length: 3 * examples }, (_, i) => JSON.stringify({ text: Array.from({ length: i < examples ? tokens : 4 + (i * 7) % 12 }, (_each, t) => 'abcdefghijklmnop'[(i * t + i) % 16]).join(' '), label: i % 2 === 0 ? 'no' : 'yes' })).join('\n'));
  const change = { ...aModel(), task: { type: 'classification', labels: ['no', 'yes'], tokensMax: tokens }, estimator: { type: 'leave-one-out', queries, eps: 0.01, distribution: 'rademacher', groups: 1, batchExamples: examples } };
  const bound = 80;
  const asked = { served: join(folder, 'served'), folder: join(folder, 'run'), data, change, bounds: [bound, null], rounds: 2 };
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('../testing/measured-step.process.mjs', import.meta.url)), JSON.stringify(asked)]);
  const [bounded, free] = JSON.parse(stdout) as [Measured, Measured];
  // Measured 90 to 108, and 287 to 301.
  const grown = ({ opened, peak }: Measured) => peak - opened;
  expect(grown(bounded)).toBeLessThan(bound + runtimeMegabytes);
  expect(grown(free)).toBeGreaterThan(2 * bound);
  // The bound binds: the step is cut into passes, and has the same differences.
  expect(bounded.positionsPerPass).toBeLessThan(queries * examples * tokens);
  expect(bounded.differences).toEqual(free.differences);
}, 60_000);
