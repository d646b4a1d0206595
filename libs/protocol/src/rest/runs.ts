import { z } from 'zod';
import { type FilterFields } from '../filter/filter.js';
import { filterText } from '../filter/filter-text.js';
import { canaryFailures, memberships } from './run-request.js';
import { byteCount, causeText, commitCount, instant, opaqueId, pageQuery, runId, sha256Hex, signatureHex } from './fields.js';

export const runStates = ['draft', 'scheduled', 'queued', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const;
export const runState = z.enum(runStates);
export type RunState = z.infer<typeof runState>;

/** What an operator may do to a run: the last part of POST /runs/:id/... */
export const runActions = ['start', 'pause', 'resume', 'stop'] as const;

/** What a list of runs can be filtered by. */
export const runFilterFields = { name: 'text', state: 'choice', cause: 'text', model: 'choice', round: 'number', created: 'age', started: 'age', ended: 'age' } as const satisfies FilterFields;

export const runQuery = pageQuery.extend({ state: runState.optional(), filter: filterText(runFilterFields).optional() });

/** Means over the held-out examples of the devices that answered, after `round` commits; of a language model over their predicted tokens. */
const evaluationFields = {
  round: commitCount,
  loss: z.number(),
  accuracy: z.number().min(0).max(1),
  /** mean over classes of 2 TP / (actual + predicted), classes that nobody has or says left out; null where devices sent no sums by class */
  macroF1: z.number().min(0).max(1).nullable(),
  /** exp(loss) of a language model; null for other tasks, and where it is no finite number */
  perplexity: z.number().min(0).nullable(),
  /** examples, or predicted tokens */
  count: z.int().min(1),
};

/** `overruled`: it failed, and an operator went on all the same. */
export const canaryStages = ['trial', 'passed', 'failed', 'overruled'] as const;
export const canarySchema = z.object({
  rounds: z.int().min(1),
  devices: z.int().min(1),
  departuresMax: z.number().min(0).max(1),
  onFailure: z.enum(canaryFailures),
  stage: z.enum(canaryStages),
  /** why it failed */
  cause: causeText.nullable(),
  /** seats of its decided attempts, and those that left or stayed silent */
  asked: z.int().min(0),
  departed: z.int().min(0),
  /** mean held-out loss before the first round, and the newest since */
  lossBefore: z.number().nullable(),
  lossAfter: z.number().nullable(),
});

export const budgetSchema = z.object({
  /** differences that may leave devices, and that have */
  scalars: z.int().min(1).nullable(),
  scalarsSpent: z.int().min(0),
  /** hours from the first start */
  hours: z.number().nullable(),
  hoursSpent: z.number().min(0),
});

export const runSchema = z.object({
  id: runId,
  name: z.string(),
  state: runState,
  /** why it is in this state, if there is something to say */
  cause: causeText.nullable(),
  /** commits so far */
  round: commitCount,
  roundsMax: z.int(),
  /** id of its base model */
  model: opaqueId,
  createdAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  manifestHash: sha256Hex,
  /** hash of the last commit; of the manifest before the first */
  headHash: sha256Hex,
  /** after the last commit; before the first that which a branch begins with, null for any other run */
  stateHash: sha256Hex.nullable(),
  /** devices assigned to it, without those that it no longer asks */
  devices: z.int().min(0),
  /** whose devices take part, if they were named by a group */
  group: z.object({ id: opaqueId, name: z.string(), membership: z.enum(memberships) }).nullable(),
  lastEvaluation: z.object(evaluationFields).nullable(),
  /** what holds its start up, once it is started */
  startAt: instant.nullable(),
  after: runId.nullable(),
  whenFree: z.boolean(),
  /** first rounds on few devices, and how they went; null without such */
  canary: canarySchema.nullable(),
  /** what it may cost and has cost; null without a budget */
  budget: budgetSchema.nullable(),
  /** run and commits that it began from, if it is a branch */
  branch: z.object({ run: runId, round: commitCount }).nullable(),
});
export type Run = z.infer<typeof runSchema>;

/** The manifest as the coordinator signed it; `@seedfleet/ledger` verifies it. */
export const signedManifestSchema = z.object({ manifest: z.record(z.string(), z.unknown()), hash: sha256Hex, signature: signatureHex });

export const logQuery = z.strictObject({ from: z.coerce.number<number | string>().int().min(0).default(0) });

export const roundStates = ['selecting', 'collecting', 'committed', 'abandoned'] as const;

export const roundSchema = z.object({
  round: commitCount,
  attempt: z.int().min(0),
  state: z.enum(roundStates),
  cause: causeText.nullable(),
  selected: z.int().min(0),
  accepted: z.int().min(0),
  reported: z.int().min(0),
  openedAt: instant,
  endedAt: instant.nullable(),
  learningRate: z.number().nullable(),
  /** root mean square of the coefficients of its commit */
  coefficientRms: z.number().nullable(),
  stateHash: sha256Hex.nullable(),
});
export type RoundRow = z.infer<typeof roundSchema>;

export const evaluationSchema = z.object({ ...evaluationFields, devices: z.int().min(1), at: instant });
export type Evaluation = z.infer<typeof evaluationSchema>;

export const assignmentStates = ['assigned', 'preparing', 'ready', 'failed', 'left'] as const;

export const assignmentSchema = z.object({
  device: opaqueId,
  name: z.string(),
  state: z.enum(assignmentStates),
  cause: causeText.nullable(),
  /** commits that the device had applied when it last said so */
  round: commitCount.nullable(),
  trainExamples: z.int().min(0).nullable(),
  heldOutExamples: z.int().min(0).nullable(),
  /** no longer in the group that the run follows: it keeps up with the log, and is not asked */
  aside: z.boolean(),
});
export type Assignment = z.infer<typeof assignmentSchema>;

/** All devices of a run in a few numbers. */
export const assignmentSummarySchema = z.object({
  devices: z.int().min(0),
  states: z.record(z.enum(assignmentStates), z.int().min(0)),
  /** ready devices by the commits of the run that they have not applied, as far as they said; those that are 10 behind or more together */
  behind: z.array(z.object({ rounds: z.int().min(0).max(10), devices: z.int().min(1) })),
});
export type AssignmentSummary = z.infer<typeof assignmentSummarySchema>;

export const artifactSchema = z.object({ id: opaqueId, kind: z.string(), sha256: sha256Hex, bytes: byteCount, round: commitCount });
export type Artifact = z.infer<typeof artifactSchema>;

/** What a run would be, before it is made. */
export const runPreviewSchema = z.object({
  /** devices that would take part now */
  devices: z.int().min(0),
  online: z.int().min(0),
  cost: z.object({
    /** differences that leave a device in a round that it reports */
    scalarsPerReport: z.int().min(1),
    /** on the wire, both ways: of a device in a round that it reports, and of all devices in all rounds; without the model's download */
    bytesPerReport: z.int().min(0),
    bytes: z.int().min(0),
    /** reports of all rounds */
    reports: z.int().min(0),
    /** values that are trained: what averaging would send instead */
    values: z.int().min(1),
    /** of all rounds one after the other, by the step of the slower devices; null while nobody has measured one */
    minutes: z.number().min(0).nullable(),
  }),
  /** steps as the devices measured them on the run that they prepared last: another model takes another time */
  measured: z.object({ devices: z.int().min(0), stepMsMedian: z.number().nullable(), stepMsP90: z.number().nullable() }),
  /** as it would be signed: number, time and keys are still open */
  manifest: z.record(z.string(), z.unknown()),
});
export type RunPreview = z.infer<typeof runPreviewSchema>;
