import { FleetError } from '@seedfleet/errors';
import { type TextInputs } from '@seedfleet/onnx';
import { Tensor } from 'onnxruntime-node';
import { type Batch, type TaskType } from '../engine/engine.js';

/** Graph inputs of the texts of a batch, by the names that the graph has for them. */
export function textFeeds({ examples, tokens, ids: tokenIds, mask: tokenMask, answer }: Batch, { ids, mask }: TextInputs): Record<string, Tensor> {
  const byToken = (values: BigInt64Array) => new Tensor('int64', values, [examples, tokens]);
  return {
    [ids]: byToken(tokenIds), ...(mask === undefined ? {} : { [mask]: byToken(tokenMask) }),
    ...(answer ? { answer: new Tensor('int64', answer, [examples]) } : {}),
  };
}

/** The graph input of its labels. */
export function labelFeed({ examples, tokens, labels }: Batch, task: TaskType): { labels: Tensor } {
  return { labels: new Tensor('int64', labels, task === 'language' ? [examples, tokens] : [examples]) };
}

/** Some neighbouring examples of a batch: views, no copies. */
export function examplesFrom({ tokens, ids, mask, labels, answer, examples: all }: Batch, { first, count }: { first: number; count: number }): Batch {
  const part = (values: BigInt64Array) => { const size = values.length / all; return values.subarray(first * size, (first + count) * size); };
  return { examples: count, tokens, ids: part(ids), mask: part(mask), labels: part(labels), ...(answer ? { answer: part(answer) } : {}) };
}

/** Chosen examples of a batch, in the order given. */
export function pickExamples(batch: Batch, chosen: readonly number[]): Batch {
  const rows = (values: BigInt64Array) => {
    const size = values.length / batch.examples;
    const picked = new BigInt64Array(chosen.length * size);
    chosen.forEach((example, i) => picked.set(values.subarray(example * size, (example + 1) * size), i * size));
    return picked;
  };
  const { tokens, ids, mask, labels, answer } = batch;
  return { examples: chosen.length, tokens, ids: rows(ids), mask: rows(mask), labels: rows(labels), ...(answer ? { answer: rows(answer) } : {}) };
}

/** @throws FleetError `engine.batch-invalid` */
export function requireSizes({ examples, tokens, ids, mask, labels, answer }: Batch, task: TaskType): void {
  const positions = examples * tokens;
  const sizes = { ids: [ids.length, positions], mask: [mask.length, positions], labels: [labels.length, task === 'language' ? positions : examples], ...(task === 'verbalizer' ? { answer: [answer?.length ?? 0, examples] } : {}) };
  for (const [field, [found, wanted]] of Object.entries(sizes)) {
    if (found !== wanted || wanted === 0) throw new FleetError('engine.batch-invalid', { field, problem: `The batch has ${found} ${field}; ${examples} examples of ${tokens} tokens take ${wanted}.` });
  }
}
