import { llamaGraph, tinyLlamaLayers } from '../bench/llama-graph.js';
import { measureStep, type BenchOutput } from '../bench/step-rows.js';

export { measureHere } from '../bench/step-process.js';

const layerOf = (site: string) => Number(/^layers\.(\d+)\./.exec(site)?.[1]);
const isAttention = (site: string) => /\.(q|v)_proj$/.test(site);

/** One step of a model of Llama's shape, random weights, adapters on its q and v projections; and on the last MLP output before the last layer and that layer's q and v. */
export default async function stepOfLlama({ figure }: BenchOutput): Promise<void> {
  const { layers, vocabulary, width } = tinyLlamaLayers;
  await measureStep({
    name: 'llama-shape', model: llamaGraph(tinyLlamaLayers), output: 'features', inputs: { ids: 'ids', mask: 'mask' }, task: { type: 'classification', width }, vocabulary, rank: 8,
    isSite: ({ name }) => isAttention(name), isLate: ({ name }) => isAttention(name) && layerOf(name) >= layers * 2 / 3,
    isLatest: ({ name }) => (layerOf(name) === layers - 1 && isAttention(name)) || name === `layers.${layers - 2}.mlp.down_proj`,
  }, { figure, runs: 3, bundle: import.meta.url });
}
