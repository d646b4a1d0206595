import { z } from 'zod';
import { limits } from '../limits.js';
import { exampleCount, shortText } from './fields.js';
import { deviceErrorSchema } from './device-log.js';

/** Words that stand in for choices which a newer worker may add to: unknown ones must still be readable. */
const word = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/).max(limits.wordCharactersMax);
const shortWord = z.string().min(1).max(limits.wordCharactersMax);
const megabytes = z.int().min(0).max(1_000_000_000);

/** One data set of a device as its owner declares it: how it is called, how much there is, which fields. Never a row, never a path. */
export const datasetStatement = z.strictObject({
  name: shortText,
  /** null until the worker has counted it */
  examples: exampleCount.nullable(),
  /** jsonl, csv or text */
  format: word,
  /** the fields that runs may read, and what each is to them: `text` or `label` */
  fields: z.array(z.strictObject({ name: shortWord, holds: word })).max(limits.statedDatasetsMax),
  /** how many different labels; null without labels, or until counted */
  labels: exampleCount.nullable(),
  tags: z.array(shortWord).max(limits.statementItemsMax),
  /** types of task that it can be trained for */
  tasks: z.array(word).max(limits.statementItemsMax),
});
export type DatasetStatement = z.infer<typeof datasetStatement>;

/** What the owner of a device allows, as the device states it. It enforces this itself: nothing here can be widened from outside. */
export const policyStatement = z.strictObject({
  /** types of task; null: all */
  tasks: z.array(shortText).max(limits.statementItemsMax).nullable(),
  /** names of base models; null: all */
  models: z.array(shortText).max(limits.statementItemsMax).nullable(),
  /** rounds and differences a day (UTC) over all runs; null: no limit */
  roundsPerDay: exampleCount.nullable(),
  scalarsPerDay: exampleCount.nullable(),
  /** local hours in which rounds may run, `from` included, `to` excluded; null: always */
  hours: z.strictObject({ from: z.int().min(0).max(23), to: z.int().min(0).max(24) }).nullable(),
  /** megabytes that one step may take; null: no limit */
  memoryMegabytes: megabytes.nullable(),
  /** with fewer held-out examples it declines evaluations */
  evaluationExamplesMin: exampleCount,
  /** run, fp32 or w8a8 */
  precision: word,
  /** megabytes of activations that it keeps for each run; 0: none */
  cacheMegabytes: megabytes,
  /** whether answers to the doctor may hold paths of this device */
  sharesPaths: z.boolean(),
});
export type PolicyStatement = z.infer<typeof policyStatement>;

/** What a device says of itself beside its capabilities. */
export const deviceStatement = z.strictObject({
  policy: policyStatement,
  datasets: z.array(datasetStatement).max(limits.statedDatasetsMax),
  /** the last error of its log, of this process or one before */
  lastError: deviceErrorSchema.optional(),
});
export type DeviceStatement = z.infer<typeof deviceStatement>;
