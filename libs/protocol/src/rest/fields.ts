import { z } from 'zod';
import { limits } from '../limits.js';

/** Opaque id of a device, model, token, artifact. */
export const opaqueId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
/** Number of a run at its coordinator, from 1. */
export const runId = z.int().min(1).max(2_147_483_647);
/** Name that a person gave. Shown, never parsed: control characters stay out of terminals. */
export const displayName = z.string().trim().min(1).max(limits.nameCharactersMax).regex(/^[^\p{Cc}]+$/u);
export const instant = z.iso.datetime();
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
export const publicKeyHex = z.string().regex(/^[0-9a-f]{64}$/);
export const signatureHex = z.string().regex(/^[0-9a-f]{128}$/);
export const causeText = z.string().max(limits.problemCharactersMax);
/** Path of a file inside a model: relative, forward slashes, no step upwards, no hidden part. */
export const modelPath = z.string().max(255).regex(/^(?!\.)[A-Za-z0-9_.-]+(\/(?!\.)[A-Za-z0-9_.-]+)*$/);
export const commitCount = z.int().min(0).max(limits.roundsMax);
/** Name of an ONNX value or site. */
export const graphName = z.string().min(1).max(255);
/** Start of a byte range, size of a file. */
export const byteCount = z.int().min(0).max(limits.fileBytesMax);

/** Query of every list with pages: `cursor` is the `next` of the page before. Numbers arrive as text in a URL. */
export const pageQuery = z.strictObject({
  cursor: z.string().min(1).max(255).optional(),
  limit: z.coerce.number<number | string>().int().min(1).max(limits.pageItemsMax).default(100),
});

/** One page of a list; `next` is null on the last. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

/** Query of a list that is short by its nature: without `limit` the whole of it. */
export const shortListQuery = z.strictObject({
  cursor: z.string().min(1).max(255).optional(),
  limit: z.coerce.number<number | string>().int().min(1).max(limits.pageItemsMax).optional(),
});

/** A list that is short by its nature; `next` is there in every answer, null where it was the last page or no `limit` was given. */
export function listOf<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), next: z.string().nullable().optional() });
}
