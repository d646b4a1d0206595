import { runRequest } from './run-request.js';

const adapter = { rank: 4, alpha: 8, sites: '.*', scale: 1 };
const classification = {
  name: 'a run', model: 'mod_1', adapter: { ...adapter, headScale: 10 }, task: { type: 'classification', labels: ['bad', 'good'], tokensMax: 64 },
  estimator: { type: 'leave-one-out', queries: 8, eps: 0.01, distribution: 'rademacher', groups: 1, batchExamples: 16 },
  stepRule: { type: 'sgd', learningRate: 0.05, schedule: 'constant' },
  policy: { roundsMax: 100, cohort: 4, overSelection: 1.5, reportsMin: 2, deadlineMs: 10_000, evaluationEveryRounds: 10, checkpointEveryRounds: 10, attemptsMax: 3 },
};
const verbalizer = { ...classification, adapter, task: { type: 'verbalizer', labels: ['bad', 'good'], words: [' terrible', ' great'], template: '{text} It was', tokensMax: 64 } };
const language = { ...classification, adapter: { ...adapter, sites: '', biases: 'lm_head', biasScale: 0.5 }, precision: 'w8a8', task: { type: 'language', tokensMax: 64 } };

const fieldOf = (request: unknown) => runRequest.safeParse(request).error?.issues[0]?.path.join('.');

test.each([['classification', classification], ['verbalizer', verbalizer], ['language', language]])('a run of %s may be asked for', (_, request) => {
  expect(runRequest.parse(request)).toEqual({ ...request, start: false });
});

test('who takes part is followed, and a canary pauses at a quarter of departures, unless it is said otherwise', () => {
  expect(runRequest.parse({ ...classification, group: { id: 'grp_1' }, canary: { rounds: 2, devices: 3 } })).toMatchObject({
    group: { id: 'grp_1', membership: 'followed' }, canary: { rounds: 2, devices: 3, departuresMax: 0.25, onFailure: 'pause' },
  });
});

test.each<[string, string, unknown]>([
  ['a classification without a scale of its head', 'adapter.headScale', { ...classification, adapter }],
  ['a language model with a head', 'adapter.headScale', { ...language, adapter: { ...adapter, headScale: 10 } }],
  ['a verbalizer with a head', 'adapter.headScale', { ...verbalizer, adapter: classification.adapter }],
  ['a word too few', 'task.words', { ...verbalizer, task: { ...verbalizer.task, labels: ['a', 'b', 'c'] } }],
  ['one word for two labels', 'task.words', { ...verbalizer, task: { ...verbalizer.task, words: [' great', ' great'] } }],
  ['a template that shows no text', 'task.template', { ...verbalizer, task: { ...verbalizer.task, template: 'It was' } }],
  ['biases without their scale', 'adapter.biasScale', { ...language, adapter: { ...adapter, biases: '.*' } }],
  ['a group beside a list of devices', 'group', { ...classification, devices: ['dev_1'], group: { id: 'grp_1' } }],
  ['a canary of a count and a share', 'canary.devices', { ...classification, canary: { rounds: 1, devices: 3, share: 0.1 } }],
  ['a canary of nobody', 'canary.devices', { ...classification, canary: { rounds: 1 } }],
  ['a canary of all', 'canary.share', { ...classification, canary: { rounds: 1, share: 1 } }],
  ['a start at no time', 'startAt', { ...classification, startAt: 'tomorrow' }],
  ['a budget of nothing', 'policy.stop.budget.scalars', { ...classification, policy: { ...classification.policy, stop: { budget: { scalars: 0 } } } }],
  ['an unknown precision', 'precision', { ...language, precision: 'fp8' }],
  ['an unknown task', 'task.type', { ...language, task: { type: 'regression', tokensMax: 8 } }],
])('%s is refused (%s)', (_, field, request) => expect(fieldOf(request)).toBe(field));
