import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { rowsOf } from '@seedfleet/numerics';
import { estimateMemory, type OnnxModel } from '@seedfleet/onnx';
import { biasEnding } from './graph-input.js';
import { type WrittenGraph } from './written-graph.js';

/** Bytes of a step at three sizes. */
export type StepMemory = WrittenGraph['memory'];

const bytesPerMegabyte = 2 ** 20;
/** What a process grows by, over what was estimated: gaps of ONNX Runtime's arena, scratch of its products. Measured: 1.1 in float32, 1.2 in 8 bits. */
const gaps = 1.2;
/** P * b * T */
const positionsMax = 16_384;

/** @param weights bytes of the graph as it was written, which is what the session holds */
export function stepMemoryOf(model: OnnxModel, { manifest, weights }: { manifest: Manifest; weights: number }): StepMemory {
  const { estimator, task, adapter } = manifest;
  const sites = adapter.sites.flatMap(({ kind, name }) => (kind === 'lora' ? [name] : kind === 'bias' ? [name.slice(0, -biasEnding.length)] : []));
  const activations = (size: { rows: number; batch: number }) => estimateMemory(model, { ...size, tokens: task.tokensMax, task: task.type, sites, output: manifest.model.output }).activations;
  return {
    weights, fewest: activations({ rows: 1, batch: fewestOf(manifest) }), oneRow: activations({ rows: 1, batch: estimator.batchExamples }),
    allRows: activations({ rows: rowsOf(estimator), batch: estimator.batchExamples }),
  };
}

/**
 * How many positions (P * b * T) a pass may have so that a step stays below the limit. Between the three sizes that were estimated the
 * bytes are taken to lie on straight lines: each is the greatest of several lines, and lies on or below those.
 * @throws FleetError `policy.forbids` where the smallest pass is too much
 */
export function positionsWithin({ weights, ...estimated }: StepMemory, { megabytes, manifest }: { megabytes: number; manifest: Manifest }): number {
  const { estimator: { batchExamples }, task: { tokensMax } } = manifest;
  const memory = { fewest: gaps * estimated.fewest, oneRow: gaps * estimated.oneRow, allRows: gaps * estimated.allRows };
  const room = megabytes * bytesPerMegabyte - weights;
  const fewest = fewestOf(manifest);
  if (room < memory.fewest) {
    const least = Math.ceil((weights + memory.fewest) / bytesPerMegabyte);
    throw new FleetError('policy.forbids', { field: 'memoryMegabytes', problem: `A pass of ${fewest} examples of ${tokensMax} tokens takes about ${least} MB in this run, and this device allows ${megabytes} MB.` });
  }
  const rows = rowsOf(manifest.estimator);
  const counted = room < memory.oneRow
    ? between({ least: fewest, most: batchExamples, from: memory.fewest, to: memory.oneRow, room })
    : batchExamples * between({ least: 1, most: rows, from: memory.oneRow, to: memory.allRows, room });
  return counted * tokensMax;
}

/** Of a language model, whose logits at each position are a whole vocabulary. */
const activationsDefault = 256 * bytesPerMegabyte;

/**
 * How many positions a pass may have where nothing bounds its memory: most steps in one pass, which costs least. More than 256 MB of logits are not
 * cheaper in one pass, and would be gigabytes.
 */
export function positionsByDefault(memory: StepMemory, { estimator, task }: Pick<Manifest, 'estimator' | 'task'>): number {
  if (task.type !== 'language') return positionsMax;
  const bytesOfPosition = memory.allRows / (rowsOf(estimator) * estimator.batchExamples * task.tokensMax);
  return Math.min(positionsMax, Math.max(1, Math.floor(activationsDefault / bytesOfPosition)));
}

/** Examples of the smallest pass: the engine never takes one of several alone, whose products would add up in another order. */
function fewestOf({ estimator: { batchExamples } }: Manifest): number {
  return Math.min(2, batchExamples);
}

/** The whole number from `least` to `most` at which the line from `from` to `to` bytes still has `room`. */
function between({ least, most, from, to, room }: { least: number; most: number; from: number; to: number; room: number }): number {
  if (room >= to) return most;
  return Math.min(most, least + Math.floor((room - from) / (to - from) * (most - least)));
}
