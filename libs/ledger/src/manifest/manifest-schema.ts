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

const modelSchema = z.strictObject({
  name,
  /** the graph output that the head reads, [batch, d] */
  output: name,
  inputs: z.strictObject({ ids: name, mask: name }),
  files: z.array(z.strictObject({ path: relativePath, role: z.enum(['model', 'tokenizer', 'external']), sha256: hex64, bytes: z.int().min(0) })).min(1).max(1000),
});

const taskSchema = z.strictObject({
  type: z.literal('classification'),
  /** the order is the class index */
  labels: z.array(name).min(2).max(10_000),
  tokensMax: count.max(1_000_000),
});

const siteSchema = z.strictObject({
  name,
  kind: z.enum(['lora', 'head-weight', 'head-bias']),
  /** width of what enters: d_in of a lora site, d of a head's weight, 0 of a head's bias */
  inputs: z.int().min(0),
  /** of the trained values: lora [rank, d_out], head-weight [d, classes], head-bias [classes] */
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
  branch: z.null(),
}).superRefine((manifest, context) => {
  for (const { path, message } of contradictions(manifest)) context.addIssue({ code: 'custom', path, message });
});

export type Manifest = z.infer<typeof manifestSchema>;

/** What two fields say that cannot both be true. */
function contradictions({ adapter, task, estimator, policy, model }: Pick<Manifest, 'adapter' | 'task' | 'estimator' | 'policy' | 'model'>) {
  const found: { path: (string | number)[]; message: string }[] = [];
  const say = (path: (string | number)[], message: string) => found.push({ path, message });
  const order = { 'lora': 0, 'head-weight': 1, 'head-bias': 2 };
  adapter.sites.forEach((site, index) => {
    const path = ['adapter', 'sites', index];
    const previous = adapter.sites[index - 1];
    if (previous !== undefined && order[site.kind] < order[previous.kind]) say([...path, 'kind'], 'lora sites come first, then head-weight, then head-bias');
    if (site.kind === 'lora' && (site.inputs < 1 || site.shape.length !== 2 || site.shape[0] !== adapter.rank)) say([...path, 'shape'], 'a lora site has inputs >= 1 and shape [rank, d_out]');
    if (site.kind === 'head-weight' && (site.shape.length !== 2 || site.shape[0] !== site.inputs || site.shape[1] !== task.labels.length)) say([...path, 'shape'], 'head-weight has shape [inputs, labels]');
    if (site.kind === 'head-bias' && (site.inputs !== 0 || site.shape.length !== 1 || site.shape[0] !== task.labels.length)) say([...path, 'shape'], 'head-bias has inputs 0 and shape [labels]');
  });
  for (const kind of ['head-weight', 'head-bias'] as const) {
    if (adapter.sites.filter((site) => site.kind === kind).length !== 1) say(['adapter', 'sites'], `classification has exactly one ${kind}`);
  }
  if (new Set(adapter.sites.map((site) => site.name)).size !== adapter.sites.length) say(['adapter', 'sites'], 'site names must differ');
  if (new Set(task.labels).size !== task.labels.length) say(['task', 'labels'], 'labels must differ');
  if (new Set(model.files.map((file) => file.path)).size !== model.files.length) say(['model', 'files'], 'paths must differ');
  if (estimator.type === 'leave-one-out' && estimator.queries < 2) say(['estimator', 'queries'], 'leave-one-out compares queries with each other: at least 2');
  if (policy.reportsMin > policy.cohort) say(['policy', 'reportsMin'], 'must not exceed the cohort');
  if (estimator.groups > policy.cohort) say(['estimator', 'groups'], 'must not exceed the cohort');
  return found;
}
