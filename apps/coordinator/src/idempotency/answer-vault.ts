import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sha256, utf8 } from '@seedfleet/ledger';
import { Luck } from '../app/surroundings.js';
import { KeyRing } from '../keys/key-ring.js';

const ivBytes = 12, tagBytes = 16;

/** Keeps answers as AES-256-GCM under a key grown from the coordinator's: a copy of the database holds no token that was shown once. */
@Injectable()
export class AnswerVault {
  private readonly key: Uint8Array;

  constructor(keys: KeyRing, private readonly luck: Luck) {
    this.key = sha256(utf8('seedfleet/idempotency-key/v1'), keys.privateKey);
  }

  /** @returns iv (12) ‖ tag (16) ‖ ciphertext */
  seal(answer: unknown): Uint8Array {
    const iv = this.luck.bytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv);
    const body = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]);
  }

  open(sealed: Uint8Array): unknown {
    const decipher = createDecipheriv('aes-256-gcm', this.key, sealed.subarray(0, ivBytes));
    decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
    return JSON.parse(Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8'));
  }
}
