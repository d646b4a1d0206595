import { measureStep, type BenchOutput } from '@seedfleet/runtime/bench';
import { floatLanguageModel, languageInputs, languageOutput } from './moonshine.js';

export { measureHere } from '@seedfleet/runtime/bench';

const layerOf = (site: string) => Number(/\.layers\.(\d+)\./.exec(site)?.[1]);
const isAttention = (site: string) => /\.self_attn\.(q|v)_proj$/.test(site);

/** One step of the real causal language model, adapters on q and v: by the loss of every token, and (`lm-verbalizer`) by two words at the last position. */
export default async function stepOfLanguageModel({ figure }: BenchOutput): Promise<void> {
  const model = await floatLanguageModel();
  const of = {
    model, output: languageOutput, inputs: languageInputs, vocabulary: 32_000, rank: 8,
    isSite: ({ name }: { name: string }) => isAttention(name), isLate: ({ name }: { name: string }) => isAttention(name) && layerOf(name) >= 4,
  };
  await measureStep({ ...of, name: 'lm', task: { type: 'language' }, isLatest: ({ name }) => name === 'proj_out' }, { figure, runs: 5, bundle: import.meta.url });
  await measureStep({ ...of, name: 'lm-verbalizer', task: { type: 'verbalizer', answers: [1781, 4319] }, isLatest: ({ name }) => /\.layers\.(4\.mlp\.down_proj|5\.self_attn\.(q|v)_proj)$/.test(name) }, { figure, runs: 9, bundle: import.meta.url });
}
