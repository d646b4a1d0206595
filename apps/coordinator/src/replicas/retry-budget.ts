import { setTimeout as sleep } from 'node:timers/promises';

/** Codes of PostgreSQL and of the network after which the same statement may succeed: it was not performed, or performing it again changes nothing. */
const passing: ReadonlySet<string> = new Set(['40001', '40P01', '57P01', '57P02', '57P03', '08000', '08003', '08006', 'ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT']);

const retriesMax = 2;
const firstWaitMs = 50;
/** Retries that may be owed at most; each call earns a tenth of one. */
const budgetMax = 20;
const earned = 0.1;

/**
 * Tries again what a short failure of the database prevented, but no more often than one in ten calls: when everything fails, retries would be
 * the load that keeps it from coming back. For statements that may be performed twice.
 */
export class RetryBudget {
  private left = budgetMax;

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.left = Math.min(budgetMax, this.left + earned);
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (tries >= retriesMax || this.left < 1 || !isPassing(error)) throw error;
        this.left--;
        await sleep(firstWaitMs * 2 ** tries);
      }
    }
  }
}

function isPassing(error: unknown): boolean {
  // What node-postgres says of a connection that broke has no code.
  if (error instanceof Error && error.message.startsWith('Connection terminated')) return true;
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' && passing.has(error.code);
}
