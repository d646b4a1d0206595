import { draftFor, type RunDraft } from './run-draft';

/** What the wizard keeps in its address: the screen, the run that it began from, and what differs from the defaults or from that run. */
export interface NewRunSearch { step?: number; from?: number; draft?: Partial<RunDraft> }

const sample = draftFor(4);
const numbersOrNull: ReadonlySet<string> = new Set(['overlap', 'targetLoss', 'targetAccuracy', 'plateau', 'divergence', 'budgetScalars', 'budgetHours', 'canaryRounds', 'canaryDevices', 'canaryShare', 'after']);

/** Somebody may have written the address by hand: what cannot be a value of a field is dropped. What the values may be says the coordinator. */
export function newRunSearch(raw: Record<string, unknown>): NewRunSearch {
  const step = Number(raw['step']);
  const from = Number(raw['from']);
  const draft = draftIn(raw['draft']);
  return {
    ...(step === 2 || step === 3 ? { step } : {}), ...(Number.isSafeInteger(from) && from > 0 ? { from } : {}), ...(Object.keys(draft).length === 0 ? {} : { draft }),
  };
}

function draftIn(raw: unknown): Partial<RunDraft> {
  if (typeof raw !== 'object' || raw === null) return {};
  return Object.fromEntries(Object.entries(raw).filter(([key, value]) => Object.hasOwn(sample, key) && fits(key as keyof RunDraft, value)));
}

function fits(key: keyof RunDraft, value: unknown): boolean {
  const like = sample[key];
  if (key === 'devices') return value === null || (Array.isArray(value) && value.every((id) => typeof id === 'string'));
  if (like !== null) return typeof value === typeof like;
  return value === null || typeof value === (numbersOrNull.has(key) ? 'number' : 'string');
}
