import { z } from 'zod';
import { commitCount, displayName, opaqueId } from './fields.js';
import { estimatorSchema, policySchema, stepRuleSchema } from './run-request.js';

/** A new run that begins with the state that another had after some commits. Model, task, adapter and keys are those of its parent. */
export const branchRequest = z.strictObject({
  /** commits of the parent that are kept */
  round: commitCount,
  /** default: the name of the parent, and the round */
  name: displayName.optional(),
  /** what is not named stays as it is in the parent */
  changes: z.strictObject({ estimator: estimatorSchema.optional(), stepRule: stepRuleSchema.optional(), policy: policySchema.optional() }).default({}),
  /** whether it starts as soon as it is made */
  start: z.boolean().default(false),
  /** default: as in the parent: every active device, or those assigned to it that are still active */
  devices: z.array(opaqueId).min(1).max(100_000).optional(),
});
export type BranchRequest = z.input<typeof branchRequest>;

/** Which checkpoint of a run; the newest if it is not said. Round 0 is what a branch begins with. */
export const checkpointQuery = z.strictObject({ round: z.coerce.number<number | string>().int().min(0).max(2_147_483_647).optional() });
