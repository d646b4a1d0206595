import { z } from 'zod';
import { byteCount, displayName, graphName, instant, modelPath, opaqueId, sha256Hex } from './fields.js';

/** What a file of a model is: the graph, its external weights, its tokenizer.json. */
export const fileRoles = ['model', 'tokenizer', 'external'] as const;
export const fileRole = z.enum(fileRoles);
export const modelStates = ['uploading', 'ready'] as const;

const modelFileRequest = z.strictObject({ path: modelPath, role: fileRole, sha256: sha256Hex, bytes: byteCount.min(1) });

/** Announces a base model; its files follow by PUT. One file of role `model`, at most one `tokenizer`. */
export const modelRequest = z.strictObject({
  name: displayName,
  /** graph output that the head reads, [batch, d] */
  output: graphName,
  inputs: z.strictObject({ ids: graphName, mask: graphName }),
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
  inputs: z.object({ ids: z.string(), mask: z.string() }),
  files: z.array(modelFileSchema),
  /** where adapters can sit; empty until the model is ready */
  sites: z.array(z.object({ name: z.string(), inputs: z.int(), outputs: z.int() })),
  /** d of the output [batch, d]; null until the model is ready */
  outputWidth: z.int().nullable(),
  createdAt: instant,
});
export type Model = z.infer<typeof modelSchema>;
