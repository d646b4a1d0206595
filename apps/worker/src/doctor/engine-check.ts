import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { layoutOf } from '@seedfleet/numerics';
import { buildTrainingGraph, graphBuilder, writeModel } from '@seedfleet/onnx';
import { openEngine } from '@seedfleet/runtime';
import { headInputs } from '../preparation/graph-input.js';
import { type Check } from './check.js';

/** Width of the tiny model: one-hot tokens straight into a head of two classes. */
const width = 4;

/** Rewrites and runs a graph of a few nodes with the real engine: tells a broken installation from a broken model. */
export function engineCheck({ threads }: { threads: number }): Check {
  return { name: 'engine', look: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'seedfleet-doctor-'));
    try {
      const modelPath = join(folder, 'tiny.onnx');
      writeFileSync(modelPath, tinyTrainingGraph());
      const layout = layoutOf([{ name: 'head.W', shape: [width, 2], scale: 1 }, { name: 'head.b', shape: [2], scale: 1 }]);
      const engine = await openEngine({ modelPath, layout, inputs: [headInputs.weight, headInputs.bias], modelInputs: { ids: 'ids', mask: 'mask' }, threads });
      try {
        const batch = { examples: 1, tokens: 2, ids: BigInt64Array.of(1n, 2n), mask: BigInt64Array.of(1n, 1n), labels: BigInt64Array.of(0n) };
        const { lossSum } = await engine.evaluate({ batch, b: new Float64Array(layout.size) });
        // A head of zeros gives both classes the same chance: the loss is ln 2, to float32.
        if (!(Math.abs(lossSum - 0.693147) < 1e-4)) throw new Error(`a head of zeros gave the loss ${lossSum}`);
      } finally {
        await engine.close();
      }
      return 'rewrites and runs a small graph';
    } catch (cause) {
      throw new FleetError('engine.unusable', { problem: `The engine does not run a small graph: ${cause instanceof Error ? cause.message : String(cause)}.`, cause });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } };
}

function tinyTrainingGraph(): Uint8Array {
  const graph = graphBuilder({ name: 'tiny' });
  graph.input('ids', 'int64', ['batch', 'tokens']);
  graph.input('mask', 'int64', ['batch', 'tokens']);
  const table = graph.weight('embedding', Float32Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0)), [width, width]);
  const rows = graph.node('Gather', [table, 'ids'], 'rows', { axis: 0 });
  const weights = graph.node('Cast', ['mask'], 'mask_float', { to: 1 });
  const last = graph.integers('last_axis', [-1]);
  const column = graph.node('Unsqueeze', [weights, last], 'mask_column');
  const masked = graph.node('Mul', [rows, column], 'masked');
  const axis = graph.integers('token_axis', [1]);
  graph.node('ReduceSum', [masked, axis], 'sentence', { keepdims: 0 });
  graph.output('sentence', 'float32', ['batch', width]);
  const plan = { output: 'sentence', inputs: { ids: 'ids', mask: 'mask' }, classes: 2, adapters: [], head: headInputs };
  return writeModel(buildTrainingGraph(graph.build(), plan));
}
