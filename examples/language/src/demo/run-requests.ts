import { type RunRequest } from '@seedfleet/protocol';
import { sentimentLabels } from '@seedfleet/example-sentiment';
import { passageTokens } from '../text/passage-files.js';

export const languageTasks = ['lm', 'verbalizer'] as const;
export type LanguageTask = (typeof languageTasks)[number];

/** Rounds of each demo when nobody asks for another number. */
export const roundsDefault: Record<LanguageTask, number> = { lm: 120, verbalizer: 90 };

interface Request { model: string; rounds: number; devices: number }

const policy = ({ rounds, devices, evaluationEveryRounds }: Request & { evaluationEveryRounds: number }): RunRequest['policy'] => ({
  roundsMax: rounds, cohort: devices, overSelection: 1, reportsMin: devices - 1, deadlineMs: 30_000, evaluationEveryRounds, checkpointEveryRounds: 100, attemptsMax: 10,
});

/**
 * Next tokens of Moby-Dick. Trained is what shifts the last state most for its number of values: a bias behind the last MLP (288) and LoRA on what the last
 * attention reads and writes (2 x 8 x 288). The states there are about 25 long a value, hence the scales. All before is computed once for all rows; the output head, 32,768 wide, is most of
 * the cost, so that few examples and many directions pay: one passage and 16 directions a device, each device along its own.
 */
function languageRun(request: Request): RunRequest {
  return {
    name: 'moby-dick', model: request.model,
    task: { type: 'language', tokensMax: passageTokens },
    adapter: { rank: 8, alpha: 8, sites: 'model\\.decoder\\.layers\\.5\\.self_attn\\.(v_proj|dense)', scale: 20, biases: 'model\\.decoder\\.layers\\.5\\.mlp\\.down_proj', biasScale: 25 },
    estimator: { type: 'leave-one-out', queries: 16, eps: 2e-2, distribution: 'rademacher', groups: request.devices, batchExamples: 1 },
    stepRule: { type: 'normalised', learningRate: 5e-2, schedule: 'linear' },
    policy: policy({ ...request, evaluationEveryRounds: 50 }),
    start: true,
  };
}

/** The words behind a sentence, one a label. */
const template = '{text} It was';
const words = [' terrible', ' great'];

/** Sentiment asked of the language model as the next word. Only the columns of two words are computed of the output head, so that steps are cheap. */
function verbalizerRun(request: Request): RunRequest {
  return {
    name: 'sentiment-by-word', model: request.model,
    task: { type: 'verbalizer', labels: [...sentimentLabels], words, template, tokensMax: passageTokens },
    adapter: { rank: 8, alpha: 8, sites: 'model\\.decoder\\.layers\\.[45]\\.self_attn\\.(v_proj|dense)', scale: 15, biases: 'model\\.decoder\\.layers\\.5\\.mlp\\.down_proj', biasScale: 25 },
    estimator: { type: 'leave-one-out', queries: 8, eps: 2e-2, distribution: 'rademacher', groups: request.devices, batchExamples: 16 },
    stepRule: { type: 'normalised', learningRate: 3e-2, schedule: 'linear' },
    policy: policy({ ...request, evaluationEveryRounds: 40 }),
    start: true,
  };
}

export function runRequest(task: LanguageTask, request: Request): RunRequest {
  return { lm: languageRun, verbalizer: verbalizerRun }[task](request);
}
