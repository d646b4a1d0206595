import '@seedfleet/runtime'; // before ONNX Runtime: it switches telemetry off
import { type Dataset } from '@seedfleet/dataset';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { languageInputs, languageOutput } from '../model/moonshine.js';

/** What a model makes of each held-out example, in one order whatever the model. */
export interface Judgement {
  /** Mean over the predicted tokens of a passage, or of the one word behind a sentence, which then is one of the label words. */
  losses: number[];
  /** Share of them that the model foretold. */
  hits: number[];
}

/**
 * Runs a plain model, before or after, on examples that no device had: nothing here is the code that trained it.
 * @param model  bytes of the .onnx file
 * @param threads of the forward passes
 */
export async function judge({ model, dataset, threads }: { model: Uint8Array; dataset: Dataset; threads: number }): Promise<Judgement> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: threads, enableMemPattern: false, logSeverityLevel: 4 });
  const judgement: Judgement = { losses: [], hits: [] };
  try {
    for (let example = 0; example < dataset.trainExamples; example++) {
      const { ids, tokens, labels, answer } = dataset.trainBatch({ counter: example, examples: 1 });
      const { [languageOutput]: logits } = await session.run({ [languageInputs.ids]: new Tensor('int64', ids, [1, tokens]) });
      if (!(logits?.data instanceof Float32Array)) throw new Error(`The model gives no ${languageOutput}.`);
      const width = logits.data.length / tokens;
      const at = (position: number) => (logits.data as Float32Array).subarray(position * width, (position + 1) * width);
      const asked = answer === undefined
        ? Array.from(labels, Number).flatMap((label, t) => (label >= 0 ? [{ scores: at(t - 1), label }] : []))
        : [{ scores: Float32Array.from(dataset.answers ?? [], (token) => at(Number(answer[0]))[token] ?? NaN), label: Number(labels[0]) }];
      const each = asked.map(crossEntropy);
      judgement.losses.push(each.reduce((sum, { loss }) => sum + loss, 0) / each.length);
      judgement.hits.push(each.filter(({ hit }) => hit).length / each.length);
    }
  } finally {
    await session.release();
  }
  return judgement;
}

function crossEntropy({ scores, label }: { scores: Float32Array; label: number }): { loss: number; hit: boolean } {
  // Loops, not callbacks: 6,300 positions times 32,768 scores.
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) if ((scores[i] as number) > greatest) greatest = scores[i] as number;
  let sum = 0;
  for (let i = 0; i < scores.length; i++) sum += Math.exp((scores[i] as number) - greatest);
  const own = scores[label] ?? NaN;
  return { loss: Math.log(sum) + greatest - own, hit: own === greatest };
}
