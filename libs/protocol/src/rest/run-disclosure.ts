import { z } from 'zod';
import { commitCount, instant, opaqueId } from './fields.js';

const count = z.int().min(0);

/** What left the devices of a run so far, all together. Never: text, labels, tokens, activations, logits, weights, gradients, the loss of an example. */
export const runDisclosureSchema = z.object({
  /** q: numbers of one report */
  queries: z.int().min(1),
  devices: count,
  /** of all attempts, abandoned ones too */
  reports: count, countedReports: count,
  /** differences of loss: reports times q */
  differences: count,
  /** sums over held-out examples: loss, correct, count, and three for each class where devices send them */
  evaluationNumbers: count,
  bytesUp: count, bytesDown: count,
  /** rounds before this one have no raw reports any more; null while all are kept */
  reportsKeptFrom: commitCount.nullable(),
  mechanism: z.string(),
});
export type RunDisclosure = z.infer<typeof runDisclosureSchema>;

/** What left one device, as far as its reports are still kept. */
export const deviceDisclosureSchema = z.object({
  device: opaqueId, name: z.string(), reports: count, differences: count, bytesUp: count,
  /** examples that its reports were measured on, repeats counted each time */
  examples: count, lastReportAt: instant.nullable(),
});
export type DeviceDisclosure = z.infer<typeof deviceDisclosureSchema>;
