import { z } from 'zod';
import { readFileIfThere, writeFileAtomically } from './atomic-file.js';
import { type DevicePolicy } from './policy.js';

const spentSchema = z.strictObject({ day: z.int().min(0), rounds: z.int().min(0), scalars: z.int().min(0) });

/** What this device has spent on one day (UTC, days since 1970), whether the rounds were committed or abandoned. */
export type Spent = z.infer<typeof spentSchema>;

const dayMs = 86_400_000;

/** The day's spending as of now: a new day starts from nothing. */
export function spentToday(spent: Spent | null, nowMs: number): Spent {
  const day = Math.floor(nowMs / dayMs);
  return spent?.day === day ? spent : { day, rounds: 0, scalars: 0 };
}

/**
 * The spending after one more attempt of `scalars` differences, or null if the policy does not allow it.
 * An attempt is spent when it is evaluated: a coordinator that abandons rounds to ask again pays for each.
 */
export function spend(spent: Spent, policy: DevicePolicy, scalars: number): Spent | null {
  const next = { day: spent.day, rounds: spent.rounds + 1, scalars: spent.scalars + scalars };
  if (policy.roundsPerDay !== null && next.rounds > policy.roundsPerDay) return null;
  if (policy.scalarsPerDay !== null && next.scalars > policy.scalarsPerDay) return null;
  return next;
}

/** The saved spending. A damaged file counts as a full day's spending of `policy`: damage must not widen the budget. */
export function readSpent(path: string, policy: DevicePolicy, nowMs: number): Spent {
  const bytes = readFileIfThere(path);
  if (bytes === null) return spentToday(null, nowMs);
  try {
    return spentToday(spentSchema.parse(JSON.parse(new TextDecoder().decode(bytes))), nowMs);
  } catch {
    return { day: Math.floor(nowMs / dayMs), rounds: policy.roundsPerDay ?? 0, scalars: policy.scalarsPerDay ?? 0 };
  }
}

export function writeSpent(path: string, spent: Spent): void {
  writeFileAtomically(path, JSON.stringify(spent));
}
