import { FleetError } from '@seedfleet/errors';
import { z } from 'zod';
import { readFileIfThere, writeFileAtomically } from './atomic-file.js';

/** What the owner of the device allows. Enforced here; nothing that the coordinator sends can widen it. */
export const policySchema = z.strictObject({
  /** Task types that may be trained; null allows all. */
  tasks: z.array(z.string().min(1)).nullable(),
  /** Names of base models that may be used; null allows all. */
  models: z.array(z.string().min(1)).nullable(),
  /** Rounds a day (UTC) of all runs together, abandoned attempts included; null is no limit. */
  roundsPerDay: z.int().min(0).nullable(),
  /** Differences a day (UTC) of all runs together, abandoned attempts included; null is no limit. */
  scalarsPerDay: z.int().min(0).nullable(),
  /** Local hours of the day when rounds may run, `from` included, `to` excluded, over midnight if from > to; null is always. */
  hours: z.strictObject({ from: z.int().min(0).max(23), to: z.int().min(0).max(24) }).nullable(),
  /** Megabytes that one step may take, weights included; null is no limit. */
  memoryMegabytes: z.int().min(1).nullable().default(null),
  /** A device with fewer held-out examples declines evaluations: a sum over few of them is nearly the loss of one. */
  evaluationExamplesMin: z.int().min(1).default(10),
  /** Whether what the doctor answers to an operator may name paths of this device. */
  sharesPaths: z.boolean().default(false),
});

export type DevicePolicy = z.infer<typeof policySchema>;

/** What a new device allows: everything, with a daily budget that bounds what a misbehaving coordinator can learn. */
export const initialPolicy: DevicePolicy = { tasks: null, models: null, roundsPerDay: 20_000, scalarsPerDay: 400_000, hours: null, memoryMegabytes: null, evaluationExamplesMin: 10, sharesPaths: false };

/** @throws FleetError `policy.invalid` naming the field */
export function readPolicy(path: string): DevicePolicy {
  const bytes = readFileIfThere(path);
  if (bytes === null) return initialPolicy;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FleetError('policy.invalid', { problem: `${path} is not JSON.`, cause });
  }
  const parsed = policySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new FleetError('policy.invalid', { field: issue?.path.join('.') ?? '', problem: `${path}: ${issue?.message ?? 'not a policy'}.` });
}

export function writePolicy(path: string, { sharesPaths, ...policy }: DevicePolicy): void {
  // A field that an older worker does not know would keep it from starting: it is written only where it says something.
  writeFileAtomically(path, `${JSON.stringify({ ...policy, ...(sharesPaths ? { sharesPaths } : {}) }, null, 2)}\n`);
}

/** Throws `policy.forbids` if the owner does not allow this kind of run on the device. */
export function requireAllowed(policy: DevicePolicy, run: { task: string; model: string }): void {
  if (policy.tasks !== null && !policy.tasks.includes(run.task)) {
    throw new FleetError('policy.forbids', { field: 'tasks', problem: `The policy of this device does not allow tasks of type ${run.task}.` });
  }
  if (policy.models !== null && !policy.models.includes(run.model)) {
    throw new FleetError('policy.forbids', { field: 'models', problem: `The policy of this device does not allow the model ${run.model}.` });
  }
}

/** Whether `hour` (local, 0 to 23) lies in the allowed hours. */
export function isAllowedHour(policy: DevicePolicy, hour: number): boolean {
  if (policy.hours === null) return true;
  const { from, to } = policy.hours;
  return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
}
