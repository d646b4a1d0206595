import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { serverLimits } from '../app/limits.js';
import { RetryLaterError } from '../app/retry-later-error.js';

/** argon2id (the library's default), 19 MiB, 2 passes, 1 lane: the first choice of the OWASP Password Storage Cheat Sheet. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes passwords one at a time on a thread of libuv's pool: reports and commits never wait for a sign-in. */
@Injectable()
export class PasswordHasher {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private decoy: Promise<string> | null = null;

  /** @returns the hash with its salt and cost (PHC string) */
  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(password, cost));
  }

  /** Takes as long for an operator who is not there: time does not tell which names exist. @param known null: nobody's */
  async verify(password: string, known: string | null): Promise<boolean> {
    const against = known ?? await (this.decoy ??= this.hash('nobody has this'));
    const right = await this.inTurn(() => verify(against, password));
    return right && known !== null;
  }

  /** @throws RetryLaterError `request.rate-limited` */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.waiting >= serverLimits.passwordsWaitingMax) throw new RetryLaterError('request.rate-limited', { problem: 'Too many passwords wait to be checked.', seconds: 2 });
    this.waiting += 1;
    const done = this.last.then(work).finally(() => { this.waiting -= 1; });
    this.last = done.catch(() => {});
    return done;
  }
}
