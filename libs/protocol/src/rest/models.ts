import { z } from 'zod';
import { taskTypes } from './run-request.js';
import { byteCount, displayName, graphName, instant, modelPath, opaqueId, sha256Hex } from './fields.js';

/** What a file of a model is: the graph, its external weights, its tokenizer.json. */
export const fileRoles = ['model', 'tokenizer', 'external'] as const;
export const fileRole = z.enum(fileRoles);
export const modelStates = ['uploading', 'ready'] as const;
/** How an output [batch, time, width] becomes the one vector an example that a head reads. */
export const pools = ['mean', 'first', 'last'] as const;

const modelFileRequest = z.strictObject({ path: modelPath, role: fileRole, sha256: sha256Hex, bytes: byteCount.min(1) });

/** Announces a base model; its files follow by PUT. One file of role `model`, at most one `tokenizer`. */
export const modelRequest = z.strictObject({
  name: displayName,
  /** graph output: what a head reads, [batch, d] or with a pool [batch, time, d]; or the logits of a causal language model, [batch, time, vocabulary] */
  output: graphName,
  /** a causal language model that is padded on the right needs no mask */
  inputs: z.strictObject({ ids: graphName, mask: graphName.optional() }),
  pool: z.enum(pools).optional(),
  files: z.array(modelFileRequest).min(1).max(1_000),
}).refine((model) => model.files.filter((file) => file.role === 'model').length === 1, { path: ['files'], message: 'expected exactly one file of role model' })
  .refine((model) => model.files.filter((file) => file.role === 'tokenizer').length <= 1, { path: ['files'], message: 'expected at most one file of role tokenizer' })
  .refine((model) => new Set(model.files.map((file) => file.path)).size === model.files.length, { path: ['files'], message: 'expected every path once' });
export type ModelRequest = z.input<typeof modelRequest>;

/** Query of the upload and download of one file. */
export const modelFileQuery = z.strictObject({ path: modelPath });

export const modelFileSchema = z.object({
  path: z.string(),
  role: fileRole,
  sha256: sha256Hex,
  bytes: byteCount,
  /** bytes that have arrived: where the next upload starts */
  received: byteCount,
});
export type ModelFile = z.infer<typeof modelFileSchema>;

export const modelSchema = z.object({
  id: opaqueId,
  name: z.string(),
  state: z.enum(modelStates),
  output: z.string(),
  inputs: z.object({ ids: z.string(), mask: z.string().optional() }),
  pool: z.enum(pools).optional(),
  files: z.array(modelFileSchema),
  /** where adapters can sit; empty until the model is ready */
  sites: z.array(z.object({ name: z.string(), inputs: z.int(), outputs: z.int() })),
  /** what its output is good for; empty until the model is ready */
  tasks: z.array(z.enum(taskTypes)),
  /** d of what the head reads, the vocabulary of a language model if the graph says it; null until the model is ready */
  outputWidth: z.int().nullable(),
  createdAt: instant,
});
export type Model = z.infer<typeof modelSchema>;
