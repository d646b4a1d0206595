import { Injectable } from '@nestjs/common';
import { serverLimits } from '../app/limits.js';
import { RetryLaterError } from '../app/retry-later-error.js';
import { Clock } from '../app/surroundings.js';

/**
 * Makes guessing slow: after five failures in a row the name waits 30 s, then twice that with each further one, up to 15 minutes. Names that
 * nobody has are locked alike. Kept in memory: a restart forgives.
 */
@Injectable()
export class SignInLock {
  private readonly failures = new Map<string, { count: number; openAtMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** Counts the try as failed until `forgive`: tries made at once cannot slip past. @throws RetryLaterError `login.locked` */
  take(name: string): void {
    const key = name.toLowerCase();
    const { count, openAtMs } = this.failures.get(key) ?? { count: 0, openAtMs: 0 };
    const now = this.clock.nowMs();
    if (openAtMs > now) {
      const seconds = Math.ceil((openAtMs - now) / 1000);
      throw new RetryLaterError('login.locked', { problem: `Too many tries to sign in under this name failed: the next one may come in ${seconds} s.`, seconds });
    }
    this.failures.delete(key);
    const [oldest] = this.failures.keys();
    if (oldest !== undefined && this.failures.size >= serverLimits.signInNamesMax) this.failures.delete(oldest);
    this.failures.set(key, { count: count + 1, openAtMs: now + waitSecondsAfter(count + 1) * 1000 });
  }

  forgive(name: string): void {
    this.failures.delete(name.toLowerCase());
  }
}

function waitSecondsAfter(failures: number): number {
  const beyond = failures - serverLimits.signInFailuresFree;
  return beyond < 0 ? 0 : Math.min(serverLimits.signInWaitSecondsMax, serverLimits.signInWaitSeconds * 2 ** beyond);
}
