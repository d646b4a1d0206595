import { z } from 'zod';

/** 32 bytes as 64 lower-case hexadecimal digits: a SHA-256 or a key. */
export const hex64 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');

/** A path inside the model's folder. Devices write to it: nothing may lead out of the folder. */
const relativePath = z.string().min(1).max(255)
  .regex(/^[^/\\:\0][^\\:\0]*$/, 'must be relative, with "/" between folders')
  .refine((path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'), 'must not contain empty, "." or ".." parts');

const name = z.string().min(1).max(255);
const positive = z.number().positive();
const count = z.int().min(1);

// Fields that came later are optional and mean, where they are missing, what was before them: a default would change the canonical bytes of old manifests.

const modelSchema = z.strictObject({
  name,
  /** the graph output that the head reads, [batch, d], or [batch, time, d] with a pool; of a causal language model its logits, [batch, time, vocabulary] */
  output: name,
  /** a causal language model that is padded on the right needs no mask */
  inputs: z.strictObject({ ids: name, mask: name.optional() }),
  /** how one vector a token becomes one an example, before the head */
  pool: z.enum(['mean', 'first', 'last']).optional(),
  /** what devices compute the model's linears in unless their owners say otherwise; missing: fp32 */
  precision: z.enum(['fp32', 'w8a8']).optional(),
  files: z.array(z.strictObject({ path: relativePath, role: z.enum(['model', 'tokenizer', 'external']), sha256: hex64, bytes: z.int().min(0) })).min(1).max(1000),
});

/** the order is the class index */
const labels = z.array(name).min(2).max(10_000);
const tokensMax = count.max(1_000_000);

const taskSchema = z.discriminatedUnion('type', [
  /** a trained head reads the output of the model */
  z.strictObject({ type: z.literal('classification'), labels, tokensMax }),
  /** a causal language model answers with the word of a label */
  z.strictObject({
    type: z.literal('verbalizer'), labels, tokensMax,
    /** one for each label, in their order; told apart by their first tokens */
    words: z.array(name).min(2).max(10_000),
    /** holds "{text}" once and ends where the answer begins */
    template: z.string().min(1).max(10_000),
  }),
  /** a causal language model learns what follows what */
  z.strictObject({
    type: z.literal('language'), tokensMax,
    /** a longer text becomes windows, each of which reads so many tokens of the one before it again; missing: it is cut */
    overlap: count.max(1_000_000).optional(),
  }),
]);

const siteKinds = ['lora', 'bias', 'head-weight', 'head-bias'] as const;

const siteSchema = z.strictObject({
  name,
  /** a bias (BitFit, arXiv 2106.10199) is added to what a linear gives; its name is the linear's and `.bias` */
  kind: z.enum(siteKinds),
  /** width of what enters: d_in of a lora site, d of a head's weight, 0 of a bias */
  inputs: z.int().min(0),
  /** of the trained values: lora [rank, d_out], bias [d_out], head-weight [d, classes], head-bias [classes] */
  shape: z.array(count).min(1).max(4),
  /** perturbation scale s: a row uses B + eps s z, the update g s z */
  scale: positive,
});

const adapterSchema = z.strictObject({ rank: count.max(4096), alpha: positive, sites: z.array(siteSchema).min(1).max(10_000) });

const estimatorSchema = z.strictObject({
  type: z.enum(['leave-one-out', 'central', 'forward']),
  /** q: directions a group looks along in one round; one byte in a commit */
  queries: count.max(255),
  eps: positive,
  distribution: z.enum(['rademacher', 'gaussian']),
  /** G: groups of devices with seeds of their own; one byte in a commit */
  groups: count.max(255),
  batchExamples: count.max(65_535),
});

const stepRuleSchema = z.strictObject({
  type: z.enum(['sgd', 'normalised', 'momentum', 'adam']),
  learningRate: positive,
  /** over policy.roundsMax rounds */
  schedule: z.enum(['constant', 'linear', 'cosine']),
});

const policySchema = z.strictObject({
  roundsMax: count.max(4_294_967_295),
  cohort: count.max(65_535),
  /** devices asked for each one wanted */
  overSelection: z.number().min(1).max(100),
  reportsMin: count.max(65_535),
  deadlineMs: count.max(86_400_000),
  /** 0: only before the first round and at the end */
  evaluationEveryRounds: z.int().min(0),
  checkpointEveryRounds: z.int().min(0),
  attemptsMax: count,
  /** fewest held-out examples of a device whose evaluation counts: a sum over fewer is nearly the loss of one. Missing: 10 */
  heldOutMin: count.max(1_000_000).optional(),
  /** ends the run before its last round; looked at after each evaluation */
  stop: z.strictObject({
    targetLoss: positive.optional(),
    targetAccuracy: z.number().gt(0).max(1).optional(),
    /** so many evaluations in a row without a loss that is better by `improvement` */
    plateau: z.strictObject({ evaluations: count.max(10_000), improvement: z.number().min(0) }).optional(),
    /** a loss of more than so many times the first one */
    divergence: z.number().gt(1).optional(),
    /** ends the run before an attempt that could spend more: differences that leave devices, hours from the first start */
    budget: z.strictObject({ scalars: count.max(Number.MAX_SAFE_INTEGER).optional(), hours: positive.max(87_600).optional() }).optional(),
  }).optional(),
});

/** Where a branch begins: the state of another run of the same coordinator after some of its commits. docs/rounds.md, "Branches". */
const branchSchema = z.strictObject({
  /** number of the parent */
  run: count.max(4_294_967_295),
  /** of the parent's manifest */
  manifestHash: hex64,
  /** commits of the parent that are applied */
  round: z.int().min(0).max(4_294_967_295),
  /** of the parent's commit round - 1; its manifest's at 0 */
  commitHash: hex64,
  /** of the values that the branch begins with: B of the parent, moments zero */
  stateHash: hex64,
});

/** The whole description of a run, as agreed by everyone who takes part. Nothing outside it changes a number. */
export const manifestSchema = z.strictObject({
  format: z.literal('seedfleet/manifest/v1'),
  /** the run's number at its coordinator */
  run: count.max(4_294_967_295),
  name,
  createdAt: z.iso.datetime(),
  coordinatorKey: hex64,
  runKey: hex64,
  model: modelSchema,
  task: taskSchema,
  adapter: adapterSchema,
  estimator: estimatorSchema,
  stepRule: stepRuleSchema,
  policy: policySchema,
  privacy: z.strictObject({ type: z.literal('none') }),
  /** null: the adapter begins at zero */
  branch: branchSchema.nullable(),
}).superRefine((manifest, context) => {
  for (const { path, message } of contradictions(manifest)) context.addIssue({ code: 'custom', path, message });
});

export type Manifest = z.infer<typeof manifestSchema>;

/** What two fields say that cannot both be true. */
function contradictions({ run, adapter, task, estimator, policy, model, branch }: Pick<Manifest, 'run' | 'adapter' | 'task' | 'estimator' | 'policy' | 'model' | 'branch'>) {
  const found: { path: (string | number)[]; message: string }[] = [];
  const say = (path: (string | number)[], message: string) => found.push({ path, message });
  adapter.sites.forEach((site, index) => {
    const path = ['adapter', 'sites', index];
    const previous = adapter.sites[index - 1];
    if (previous !== undefined && siteKinds.indexOf(site.kind) < siteKinds.indexOf(previous.kind)) say([...path, 'kind'], `the order is ${siteKinds.join(', ')}`);
    if (site.kind === 'lora' && (site.inputs < 1 || site.shape.length !== 2 || site.shape[0] !== adapter.rank)) say([...path, 'shape'], 'a lora site has inputs >= 1 and shape [rank, d_out]');
    if (site.kind === 'bias' && (site.inputs !== 0 || site.shape.length !== 1)) say([...path, 'shape'], 'a bias has inputs 0 and shape [d_out]');
    if (site.kind === 'bias' && !/.\.bias$/.test(site.name)) say([...path, 'name'], 'the name of a bias is that of its linear and ".bias"');
    if (task.type !== 'classification') return;
    const classes = task.labels.length;
    if (site.kind === 'head-weight' && (site.shape.length !== 2 || site.shape[0] !== site.inputs || site.shape[1] !== classes)) say([...path, 'shape'], 'head-weight has shape [inputs, labels]');
    if (site.kind === 'head-bias' && (site.inputs !== 0 || site.shape.length !== 1 || site.shape[0] !== classes)) say([...path, 'shape'], 'head-bias has inputs 0 and shape [labels]');
  });
  const heads = task.type === 'classification' ? 1 : 0;
  for (const kind of ['head-weight', 'head-bias'] as const) {
    if (adapter.sites.filter((site) => site.kind === kind).length !== heads) say(['adapter', 'sites'], heads === 1 ? `classification has exactly one ${kind}` : `a task of type ${task.type} has no ${kind}`);
  }
  if (new Set(adapter.sites.map((site) => site.name)).size !== adapter.sites.length) say(['adapter', 'sites'], 'site names must differ');
  if (task.type !== 'language' && new Set(task.labels).size !== task.labels.length) say(['task', 'labels'], 'labels must differ');
  if (task.type === 'language' && (task.overlap ?? 0) >= task.tokensMax) say(['task', 'overlap'], 'must leave room for new tokens');
  if (task.type === 'verbalizer' && task.words.length !== task.labels.length) say(['task', 'words'], 'one word for each label');
  if (task.type === 'verbalizer' && new Set(task.words).size !== task.words.length) say(['task', 'words'], 'words must differ');
  if (task.type === 'verbalizer' && task.template.split('{text}').length !== 2) say(['task', 'template'], 'must hold {text} exactly once');
  if (task.type !== 'classification' && model.pool !== undefined) say(['model', 'pool'], 'only a head of classification reads a pooled vector');
  if (new Set(model.files.map((file) => file.path)).size !== model.files.length) say(['model', 'files'], 'paths must differ');
  if (estimator.type === 'leave-one-out' && estimator.queries < 2) say(['estimator', 'queries'], 'leave-one-out compares queries with each other: at least 2');
  if (policy.reportsMin > policy.cohort) say(['policy', 'reportsMin'], 'must not exceed the cohort');
  if (estimator.groups > policy.cohort) say(['estimator', 'groups'], 'must not exceed the cohort');
  // Whoever follows a branch to its parents comes to an end.
  if (branch !== null && branch.run >= run) say(['branch', 'run'], 'a parent has a smaller number');
  if (branch?.round === 0 && branch.commitHash !== branch.manifestHash) say(['branch', 'commitHash'], "at round 0 it is the hash of the parent's manifest");
  return found;
}
