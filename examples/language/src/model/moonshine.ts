import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dequantise, fixInput, readModel, withoutCache, type OnnxModel } from '@seedfleet/onnx';
import { packageFolder } from './pinned-package.js';
import { silenceState, stateWidth } from './silence-state.js';

/** Moonshine Tiny (MIT): a speech recogniser whose decoder, left to itself, is a small language model of spoken English. */
const moonshine = {
  name: '@usefulsensors/moonshine-js', version: '0.1.16',
  integrity: 'sha512-iQIF4XHwyPxBm1l/ECJPjJLQj8RvlYj2guRsiUgrfa9vSE3gYXeaoV2DHjNgi7NIUTyl648AG2t+Ndbrj+L7TA==',
};
const models = 'dist/model/tiny/quantized';

export const languageInputs = { ids: 'input_ids' } as const;
export const languageOutput = 'logits';

/**
 * The decoder as it was shipped: merged (a branch with and one without cache), its linears dynamically quantised to 8 bits. What it hears is silence.
 * In: `input_ids` int64 [batch, seq]. Out: `logits` [batch, seq, 32768]. 19.5 million parameters, 61 linears.
 */
export async function shippedLanguageModel(): Promise<OnnxModel> {
  const folder = join(await packageFolder(moonshine, { only: [models] }), models);
  const decoder = withoutCache(readModel(await readFile(join(folder, 'decoder_model_merged.onnx'))));
  return fixInput(decoder, { input: 'encoder_hidden_states', ids: languageInputs.ids, values: await silenceState(join(folder, 'encoder_model.onnx')), shape: [1, stateWidth] });
}

/** The same in float32: weights as the 8 bits left them, activations never rounded. */
export async function floatLanguageModel(): Promise<OnnxModel> {
  return dequantise(await shippedLanguageModel());
}
