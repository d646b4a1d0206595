import { setTimeout as sleep } from 'node:timers/promises';

export interface Wait {
  /** Completes the sentence "Waited N s for ...". */
  what: string;
  timeoutMs: number;
  everyMs?: number;
}

/** Asks until the answer is neither null nor false; every wait of the fleet goes through here, so that all are bounded. */
export async function waitUntil<T>({ what, timeoutMs, everyMs = 100 }: Wait, ask: () => T | Promise<T>): Promise<NonNullable<Exclude<T, false>>> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer as NonNullable<Exclude<T, false>>;
    if (Date.now() >= end) throw new Error(`Waited ${timeoutMs / 1_000} s for ${what}, in vain.`);
    await sleep(everyMs);
  }
}
