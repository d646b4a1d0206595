import { llamaGraph, tinyLlamaLayers } from '../bench/llama-graph.js';
import { measureStep, type BenchOutput } from '../bench/step-rows.js';

const layerOf = (site: string) => Number(/^layers\.(\d+)\./.exec(site)?.[1]);

/** One step of a model of Llama's shape, random weights, adapters on its q and v projections. */
export default async function stepOfLlama({ figure }: BenchOutput): Promise<void> {
  const lastThird = tinyLlamaLayers.layers * 2 / 3;
  await measureStep({
    name: 'llama-shape-6x2048', model: llamaGraph(tinyLlamaLayers), output: 'features', inputs: { ids: 'ids', mask: 'mask' }, vocabulary: tinyLlamaLayers.vocabulary, width: tinyLlamaLayers.width,
    isSite: ({ name }) => /\.(q|v)_proj$/.test(name), isLate: ({ name }) => layerOf(name) >= lastThird,
    queries: 8, rank: 8, batch: { examples: 4, tokens: 32 },
  }, { figure, runs: 3 });
}
