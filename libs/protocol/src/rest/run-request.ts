import { z } from 'zod';
import { limits } from '../limits.js';
import { displayName, instant, opaqueId, runId } from './fields.js';

const positive = z.number().positive();

/** A regular expression that compiles; matched against whole names of linears by the coordinator. */
const sitePattern = z.string().max(500).refine((text) => {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}, 'expected a regular expression');

export const taskTypes = ['classification', 'verbalizer', 'language'] as const;
export type TaskType = (typeof taskTypes)[number];

const differing = (what: string) => z.array(z.string().min(1).max(100)).min(2).max(10_000)
  .refine((texts) => new Set(texts).size === texts.length, `expected every ${what} once`);
/** in the order of their class index */
const labels = differing('label');
/** tokens of one example; longer ones are cut */
const tokensMax = z.int().min(1).max(1_000_000);

export const taskSchema = z.discriminatedUnion('type', [
  /** a head is trained on the output of the model */
  z.strictObject({ type: z.literal('classification'), labels, tokensMax }),
  /** a causal language model answers with the word of a label */
  z.strictObject({
    type: z.literal('verbalizer'), labels, tokensMax,
    /** one a label, in their order; told apart by their first tokens */
    words: differing('word'),
    /** ends where the answer begins */
    template: z.string().min(1).max(10_000).refine((template) => template.split('{text}').length === 2, 'expected {text} exactly once'),
  }).refine((task) => task.words.length === task.labels.length, { path: ['words'], message: 'expected one word for each label' }),
  /** a causal language model learns what follows what */
  z.strictObject({
    type: z.literal('language'), tokensMax,
    /** a longer text becomes windows, each of which reads so many tokens of the one before it again; missing: it is cut */
    overlap: z.int().min(1).max(1_000_000).optional(),
  }).refine(({ tokensMax, overlap = 0 }) => overlap < tokensMax, { path: ['overlap'], message: 'expected less than tokensMax' }),
]);

/** What is trained: low-rank adapters of linears, biases at their outputs, and the head of a classification. */
export const adapterSchema = z.strictObject({
  rank: z.int().min(1).max(1_024),
  alpha: positive,
  /** the linears that get a LoRA adapter; '' for none */
  sites: sitePattern,
  /** perturbation scale of LoRA sites */
  scale: positive,
  /** the linears whose outputs get a trained bias; none if missing */
  biases: sitePattern.optional(),
  /** perturbation scale of biases; together with them */
  biasScale: positive.optional(),
  /** perturbation scale of the head; together with a classification */
  headScale: positive.optional(),
}).refine((adapter) => (adapter.biases ?? '') === '' || adapter.biasScale !== undefined, { path: ['biasScale'], message: 'expected beside biases' });

export const estimatorSchema = z.strictObject({
  type: z.enum(['leave-one-out', 'central', 'forward']),
  queries: z.int().min(1).max(limits.queriesMax),
  /** scale of the perturbation */
  eps: positive,
  distribution: z.enum(['rademacher', 'gaussian']),
  groups: z.int().min(1).max(limits.groupsMax),
  /** examples of one report */
  batchExamples: z.int().min(1).max(65_536),
}).refine((estimator) => estimator.type !== 'leave-one-out' || estimator.queries >= 2, { path: ['queries'], message: 'expected at least 2 for leave-one-out' });

export const stepRuleSchema = z.strictObject({
  type: z.enum(['sgd', 'normalised', 'momentum', 'adam']),
  learningRate: positive,
  schedule: z.enum(['constant', 'linear', 'cosine']),
});

export const policySchema = z.strictObject({
  roundsMax: z.int().min(1).max(limits.roundsMax),
  /** reports that a round wants */
  cohort: z.int().min(1).max(65_535),
  /** asks this many times more devices than it wants reports */
  overSelection: z.number().min(1).max(10),
  /** fewer reports than this at the deadline abandon the round */
  reportsMin: z.int().min(1).max(65_535),
  deadlineMs: z.int().min(100).max(limits.deadlineMsMax),
  /** 0: only before the first round and after the last */
  evaluationEveryRounds: z.int().min(0).max(limits.roundsMax),
  /** 0: only at the end */
  checkpointEveryRounds: z.int().min(0).max(limits.roundsMax),
  /** attempts of one round before the run fails */
  attemptsMax: z.int().min(1).max(65_535),
  /** fewest held-out examples of a device whose evaluation counts: a sum over fewer is nearly the loss of one; default 10 */
  heldOutMin: z.int().min(1).max(1_000_000).optional(),
  /** ends the run before its last round; looked at after each evaluation */
  stop: z.strictObject({
    targetLoss: positive.optional(),
    targetAccuracy: z.number().gt(0).max(1).optional(),
    /** so many evaluations in a row without a loss that is better by `improvement` */
    plateau: z.strictObject({ evaluations: z.int().min(1).max(10_000), improvement: z.number().min(0) }).optional(),
    /** a loss of more than so many times the first one */
    divergence: z.number().gt(1).optional(),
    /** ends the run before an attempt that could spend more */
    budget: z.strictObject({
      /** differences that leave devices, in all rounds and attempts together */
      scalars: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
      /** from the first start, pauses included */
      hours: positive.max(87_600).optional(),
    }).optional(),
  }).optional(),
}).refine((policy) => policy.reportsMin <= policy.cohort, { path: ['reportsMin'], message: 'expected at most cohort' });

export const precisions = ['fp32', 'w8a8'] as const;

/** The devices of a group. Followed: whoever comes into it while the run goes on takes part too, and who is no longer in it is not asked any more. Frozen: those of the start. */
export const memberships = ['followed', 'frozen'] as const;
const runGroup = z.strictObject({ id: opaqueId, membership: z.enum(memberships).default('followed') });

export const canaryFailures = ['pause', 'fail'] as const;
/** First rounds on few devices; the others are asked once these went well: the loss did not rise, and hardly anyone left or stayed silent. */
export const canaryRequest = z.strictObject({
  rounds: z.int().min(1).max(10_000),
  /** how many devices, or which share of those assigned; with a group alone all of its devices */
  devices: z.int().min(1).max(65_535).optional(),
  share: z.number().gt(0).lt(1).optional(),
  /** only devices of this group are chosen */
  group: opaqueId.optional(),
  /** share of the devices asked that may leave or stay silent */
  departuresMax: z.number().min(0).max(1).default(0.25),
  /** what becomes of the run if they did not go well */
  onFailure: z.enum(canaryFailures).default('pause'),
}).refine(({ devices, share, group }) => !(devices !== undefined && share !== undefined) && (devices ?? share ?? group) !== undefined, { path: ['devices'], message: 'expected either devices or share, or a group' });

/** One fine-tuning as an operator asks for it. Every number that replay depends on stands here: nothing is filled in silently. */
export const runRequest = z.strictObject({
  name: displayName,
  /** id of a model that is ready */
  model: opaqueId,
  task: taskSchema,
  adapter: adapterSchema,
  estimator: estimatorSchema,
  stepRule: stepRuleSchema,
  policy: policySchema,
  /** what devices compute the model's linears in unless their owners say otherwise; fp32 if missing */
  precision: z.enum(precisions).optional(),
  /** whether it starts as soon as it is made */
  start: z.boolean().default(false),
  /** default, where no group is named either: every active device */
  devices: z.array(opaqueId).min(1).max(100_000).optional(),
  group: runGroup.optional(),
  canary: canaryRequest.optional(),
  /** once it is started it is scheduled until then */
  startAt: instant.optional(),
  /** once it is started it is queued until that run has ended */
  after: runId.optional(),
  /** once it is started it is queued until no other run works with its devices */
  whenFree: z.boolean().optional(),
}).refine((run) => run.devices === undefined || run.group === undefined, { path: ['group'], message: 'expected instead of devices, not beside them' })
  .refine((run) => run.task.type !== 'classification' || run.adapter.headScale !== undefined, { path: ['adapter', 'headScale'], message: 'expected for a classification' })
  .refine((run) => run.task.type === 'classification' || run.adapter.headScale === undefined, { path: ['adapter', 'headScale'], message: 'only a classification has a head' });
export type RunRequest = z.input<typeof runRequest>;
export type CanaryRequest = z.output<typeof canaryRequest>;
