import { z } from 'zod';
import { limits } from '../limits.js';
import { displayName, opaqueId } from './fields.js';

const positive = z.number().positive();

/** A regular expression that compiles; matched against whole site names by the coordinator. */
const sitePattern = z.string().min(1).max(500).refine((text) => {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}, 'expected a regular expression');

export const taskSchema = z.strictObject({
  type: z.literal('classification'),
  /** in the order of their class index */
  labels: z.array(z.string().min(1).max(100)).min(2).max(10_000)
    .refine((labels) => new Set(labels).size === labels.length, 'expected every label once'),
  /** tokens of one example; longer ones are cut */
  tokensMax: z.int().min(1).max(1_048_576),
});

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
}).refine((policy) => policy.reportsMin <= policy.cohort, { path: ['reportsMin'], message: 'expected at most cohort' });

/** One fine-tuning as an operator asks for it. Every number that replay depends on stands here: nothing is filled in silently. */
export const runRequest = z.strictObject({
  name: displayName,
  /** id of a model that is ready */
  model: opaqueId,
  task: taskSchema,
  adapter: z.strictObject({
    rank: z.int().min(1).max(1_024),
    alpha: positive,
    sites: sitePattern,
    /** perturbation scale of LoRA sites */
    scale: positive,
    /** perturbation scale of the head */
    headScale: positive,
  }),
  estimator: estimatorSchema,
  stepRule: stepRuleSchema,
  policy: policySchema,
  /** whether it starts as soon as it is made */
  start: z.boolean().default(false),
  /** default: every active device */
  devices: z.array(opaqueId).min(1).max(100_000).optional(),
});
export type RunRequest = z.input<typeof runRequest>;
