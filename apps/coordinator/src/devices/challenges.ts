import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { concatBytes, fromHex, sha256, toHex, utf8 } from '@seedfleet/ledger';
import { serverLimits } from '../app/limits.js';
import { RetryLaterError } from '../app/retry-later-error.js';
import { Clock, Luck } from '../app/surroundings.js';
import { Database } from '../database/database.js';
import { KeyRing } from '../keys/key-ring.js';
import { LeaseKeeper } from '../replicas/lease-keeper.js';
import { Replica } from '../replicas/replica.js';

/** Bytes of a challenge that any replica can check: 12 of luck, 4 of its end (u32 seconds, big endian), 16 of a MAC over them and the device. */
const luckBytes = 12;
const macBytes = 16;

/**
 * What devices sign to prove themselves, each good once and for a minute. Alone, the process remembers those that wait; where there are others the
 * challenge proves itself, whoever made it, and the database remembers those that were used.
 */
@Injectable()
export class Challenges {
  /** by challenge; each is taken out by the first answer */
  private readonly waiting = new Map<string, { device: string; expiresAtMs: number }>();
  private readonly macKey: Uint8Array;

  constructor(private readonly replica: Replica, private readonly database: Database, private readonly clock: Clock, private readonly luck: Luck, keys: KeyRing, keeper: LeaseKeeper) {
    this.macKey = sha256(utf8('seedfleet/challenge-key/v1'), keys.privateKey);
    keeper.whenBeaten(async () => {
      if (keeper.holds('duty:retention')) await database.rows('DELETE FROM used_challenges WHERE expires_at < now()');
    });
  }

  /** @throws RetryLaterError `request.rate-limited` */
  make(device: string): string {
    const expiresAtMs = this.clock.nowMs() + serverLimits.challengeLifeMs;
    if (!this.replica.isAlone) {
      const open = new Uint8Array(luckBytes + 4);
      open.set(this.luck.bytes(luckBytes));
      new DataView(open.buffer).setUint32(luckBytes, Math.floor(expiresAtMs / 1_000));
      return toHex(concatBytes([open, this.macOf(device, open)]));
    }
    this.dropExpired();
    if (this.waiting.size >= serverLimits.challengesMax) throw new RetryLaterError('request.rate-limited', { problem: 'Too many challenges wait for an answer.', seconds: serverLimits.challengeLifeMs / 1000 });
    const challenge = toHex(this.luck.bytes(luckBytes + 4 + macBytes));
    this.waiting.set(challenge, { device, expiresAtMs });
    return challenge;
  }

  /** @returns whether the challenge was made for this device, has not expired, and was not used before */
  async use(device: string, challenge: string): Promise<boolean> {
    if (!this.replica.isAlone) return this.isOurs(device, challenge) && await this.isFirstUse(challenge);
    const asked = this.waiting.get(challenge);
    this.waiting.delete(challenge);
    return asked !== undefined && asked.device === device && asked.expiresAtMs > this.clock.nowMs();
  }

  private isOurs(device: string, challenge: string): boolean {
    const bytes = fromHex(challenge);
    if (bytes.length !== luckBytes + 4 + macBytes) return false;
    const open = bytes.slice(0, luckBytes + 4);
    const expiresAtMs = new DataView(open.buffer).getUint32(luckBytes) * 1_000;
    return timingSafeEqual(this.macOf(device, open), bytes.slice(luckBytes + 4)) && expiresAtMs > this.clock.nowMs();
  }

  private async isFirstUse(challenge: string): Promise<boolean> {
    // Kept twice as long as it is good: clocks of replicas differ a little.
    const rows = await this.database.rows(`INSERT INTO used_challenges (challenge, expires_at) VALUES ($1, now() + $2 * interval '1 millisecond') ON CONFLICT DO NOTHING RETURNING challenge`, [Buffer.from(challenge, 'hex'), 2 * serverLimits.challengeLifeMs]);
    return rows.length > 0;
  }

  private macOf(device: string, open: Uint8Array): Uint8Array {
    return new Uint8Array(createHmac('sha256', this.macKey).update(open).update(utf8(device)).digest().subarray(0, macBytes));
  }

  private dropExpired(): void {
    const now = this.clock.nowMs();
    for (const [challenge, { expiresAtMs }] of this.waiting) {
      if (expiresAtMs > now) return; // in order of insertion, all with one life
      this.waiting.delete(challenge);
    }
  }
}
