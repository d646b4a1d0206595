import { createHash } from 'node:crypto';
import { graphBuilder, writeModel } from '@seedfleet/onnx';
import { type Model, type Run } from '@seedfleet/protocol';
import { type ReachableCoordinator } from './a-coordinator.js';

/** A small graph with two adapter sites: mean of embeddings, two linears of width 6. */
export function aModelFile(): Uint8Array {
  const graph = graphBuilder({ name: 'toy' });
  const weights = (count: number) => Float32Array.from({ length: count }, (_, i) => ((i * 37) % 11 - 5) / 10);
  graph.input('input_ids', 'int64', ['batch', 'sequence']);
  graph.input('attention_mask', 'int64', ['batch', 'sequence']);
  graph.weight('embedding', weights(16 * 6), [16, 6]);
  graph.weight('layer.q.weight', weights(36), [6, 6]);
  graph.weight('layer.v.weight', weights(36), [6, 6]);
  graph.node('Gather', ['embedding', 'input_ids'], 'embedded');
  graph.node('MatMul', ['embedded', 'layer.q.weight'], 'q');
  graph.node('MatMul', ['q', 'layer.v.weight'], 'v');
  graph.integers('axes', [1]);
  graph.node('ReduceMax', ['v'], 'pooled', { axes: [1], keepdims: 0 });
  graph.output('pooled', 'float32', ['batch', 6]);
  return writeModel(graph.build());
}

export const sha256Hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
export const tokenizerFile = new TextEncoder().encode('{"version":"1.0"}');

export function aModelRequest(model = aModelFile()) {
  return {
    name: 'toy', output: 'pooled', inputs: { ids: 'input_ids', mask: 'attention_mask' },
    files: [
      { path: 'onnx/model.onnx', role: 'model', sha256: sha256Hex(model), bytes: model.length },
      { path: 'tokenizer.json', role: 'tokenizer', sha256: sha256Hex(tokenizerFile), bytes: tokenizerFile.length },
    ],
  };
}

/** A causal language model of 16 words that takes no mask: its logits are [batch, time, 16]. */
export function aLanguageModelFile(): Uint8Array {
  const graph = graphBuilder({ name: 'toy language model' });
  const weights = (count: number) => Float32Array.from({ length: count }, (_, i) => ((i * 29) % 13 - 6) / 10);
  graph.input('input_ids', 'int64', ['batch', 'sequence']);
  graph.weight('embedding', weights(16 * 6), [16, 6]);
  graph.weight('layer.up.weight', weights(36), [6, 6]);
  graph.weight('head.weight', weights(6 * 16), [6, 16]);
  graph.node('Gather', ['embedding', 'input_ids'], 'embedded');
  graph.node('MatMul', ['embedded', 'layer.up.weight'], 'up');
  graph.node('MatMul', ['up', 'head.weight'], 'logits');
  graph.output('logits', 'float32', ['batch', 'sequence', 16]);
  return writeModel(graph.build());
}

/** Registers and uploads a model; the toy model if no other is given. @param changes of its announcement */
export async function anUploadedModel(fleet: ReachableCoordinator, { file = aModelFile(), ...changes }: { file?: Uint8Array; output?: string; inputs?: { ids: string; mask?: string } } = {}): Promise<Model> {
  const created = await fleet.call('POST', '/api/v1/models', { body: { ...aModelRequest(file), ...changes } });
  const { id } = created.json as Model;
  await fleet.call('PUT', `/api/v1/models/${id}/files?path=onnx/model.onnx`, { body: file, headers: { 'Upload-Offset': '0' } });
  await fleet.call('PUT', `/api/v1/models/${id}/files?path=tokenizer.json`, { body: tokenizerFile, headers: { 'Upload-Offset': '0' } });
  return (await fleet.call('GET', `/api/v1/models/${id}`)).json as Model;
}

export function aRunRequest(model: string, policy: Record<string, number> = {}) {
  return {
    name: 'toy run', model, start: true,
    task: { type: 'classification', labels: ['negative', 'positive'], tokensMax: 16 },
    adapter: { rank: 2, alpha: 4, sites: 'layer\\..*', scale: 1, headScale: 10 },
    estimator: { type: 'leave-one-out', queries: 4, eps: 0.01, distribution: 'rademacher', groups: 1, batchExamples: 8 },
    stepRule: { type: 'adam', learningRate: 0.01, schedule: 'cosine' },
    policy: { roundsMax: 3, cohort: 2, overSelection: 1, reportsMin: 2, deadlineMs: 20_000, evaluationEveryRounds: 0, checkpointEveryRounds: 2, attemptsMax: 3, ...policy },
  };
}

export async function aRun(fleet: ReachableCoordinator, model: string, policy: Record<string, number> = {}): Promise<Run> {
  const answer = await fleet.call('POST', '/api/v1/runs', { body: aRunRequest(model, policy) });
  if (answer.status !== 201) throw new Error(`the run was refused: ${JSON.stringify(answer.json)}`);
  return answer.json as Run;
}
