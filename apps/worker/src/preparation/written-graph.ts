import { z } from 'zod';

const hashedFile = z.strictObject({
  /** in the folder of the base model, where its external weights are found */
  name: z.string(),
  sha256: z.string(),
});
const fileSchema = hashedFile.extend({
  /** int8 weights that were made of external ones, beside it */
  weights: hashedFile.optional(),
});

/** A training graph as it was written, and as its record beside it says. */
export const writtenGraphSchema = z.strictObject({
  /** all of it, or what stands behind the frontier */
  graph: fileSchema,
  /** what depends on the text alone, where that can be told apart and is worth it */
  prefix: fileSchema.extend({ activations: z.array(z.string()) }).nullable(),
  /** bytes that a step takes at the worst node, for the longest texts: of the fewest examples that a pass has, of a batch in one row, of all rows */
  memory: z.strictObject({ weights: z.number(), fewest: z.number(), oneRow: z.number(), allRows: z.number() }),
});

export type WrittenGraph = z.infer<typeof writtenGraphSchema>;
