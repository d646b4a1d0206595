import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { concatBytes, fromHex, publicKeyOf, sha256, toHex, utf8 } from '@seedfleet/ledger';
import { jwtVerify, SignJWT } from 'jose';
import { Clock, Luck } from '../app/surroundings.js';
import { serverLimits } from '../app/limits.js';
import { writePrivateFile } from './private-file.js';

/** PKCS #8 header of an Ed25519 private key (RFC 8410 section 7): the 32-byte seed follows. */
const pkcs8Header = fromHex('302e020100300506032b657004220420');
const audience = 'seedfleet-device';
const generationClaim = 'generation';
/** Of credentials that an older coordinator made, which knew of no second key. */
const firstGeneration = 1;

function keyObject(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(concatBytes([pkcs8Header, seed])), format: 'der', type: 'pkcs8' });
}

/** The keys of this coordinator: one that signs manifests and commits, and one grown from it that signs credentials. */
export class KeyRing {
  /** 32 bytes: what devices pin when they enrol. */
  readonly publicKey: Uint8Array;
  private readonly credentialKey: KeyObject;
  private readonly credentialPublicKey: KeyObject;

  private constructor(readonly privateKey: Uint8Array, private readonly clock: Clock) {
    this.publicKey = publicKeyOf(privateKey);
    // Another key than the log's: nothing that a credential says can ever be taken for a commit.
    this.credentialKey = keyObject(sha256(utf8('seedfleet/credential-key/v1'), privateKey));
    this.credentialPublicKey = createPublicKey(this.credentialKey);
  }

  static pathIn(home: string): string {
    return join(home, 'signing-key');
  }

  /** Reads HOME/signing-key, making it at the first start (mode 0600). Losing it ends every run: devices pin its public half. */
  static open(home: string, { clock, luck }: { clock: Clock; luck: Luck }): KeyRing {
    const path = KeyRing.pathIn(home);
    if (!existsSync(path)) writePrivateFile(path, `${toHex(luck.bytes(32))}\n`);
    const text = readFileSync(path, 'utf8').trim();
    if (!/^[0-9a-f]{64}$/.test(text)) {
      throw new FleetError('settings.invalid', { field: 'SEEDFLEET_HOME', problem: `${path} is not a signing key (64 hexadecimal digits).`, fix: 'Restore the file from a backup.' });
    }
    return new KeyRing(fromHex(text), clock);
  }

  /** A short-lived credential of a device: a JSON Web Token (EdDSA). @param generation of its key: with the next key it is good for nothing */
  async signCredential({ device, generation }: { device: string; generation: number }): Promise<{ credential: string; expiresAt: Date }> {
    const issuedAt = Math.floor(this.clock.nowMs() / 1000);
    const expiresAt = issuedAt + serverLimits.credentialLifeSeconds;
    const credential = await new SignJWT({ [generationClaim]: generation }).setProtectedHeader({ alg: 'EdDSA' }).setSubject(device).setAudience(audience)
      .setIssuedAt(issuedAt).setExpirationTime(expiresAt).sign(this.credentialKey);
    return { credential, expiresAt: new Date(expiresAt * 1000) };
  }

  /** Whose credential it is, and of which of its keys. @throws FleetError `credential.invalid` */
  async verifyCredential(credential: unknown): Promise<{ device: string; generation: number }> {
    if (typeof credential !== 'string' || credential === '') throw new FleetError('credential.invalid', { field: 'credential', problem: 'There is no credential.' });
    try {
      const { payload } = await jwtVerify(credential, this.credentialPublicKey, { algorithms: ['EdDSA'], audience, requiredClaims: ['sub', 'exp'], currentDate: this.clock.now() });
      const generation = payload[generationClaim];
      return { device: payload.sub ?? '', generation: typeof generation === 'number' ? generation : firstGeneration };
    } catch (cause) {
      throw new FleetError('credential.invalid', { field: 'credential', problem: 'The credential is not ours or has expired.', cause });
    }
  }
}
