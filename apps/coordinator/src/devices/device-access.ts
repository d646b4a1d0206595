import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { concatBytes, fromHex, toHex, utf8, verify } from '@seedfleet/ledger';
import { credentialContext, type Challenge, type Credential, type CredentialRequest, type DeviceState } from '@seedfleet/protocol';
import { serverLimits } from '../app/limits.js';
import { RetryLaterError } from '../app/retry-later-error.js';
import { Clock, Luck } from '../app/surroundings.js';
import { KeyRing } from '../keys/key-ring.js';
import { DeviceKeys } from './device-keys.js';
import { DeviceRepository, type DeviceRow } from './device.repository.js';
import { refusalOfState } from './refusal-of-state.js';

/** @throws FleetError `device.not-approved`, `device.suspended`, `device.revoked` */
export function requireActive({ state }: { state: DeviceState }): void {
  if (state !== 'active') throw refusalOfState(state);
}

/** How an enrolled device proves itself: a signed challenge, then a short-lived credential. */
@Injectable()
export class DeviceAccess {
  /** by challenge; each is taken out by the first answer */
  private readonly challenges = new Map<string, { device: string; expiresAtMs: number }>();

  constructor(
    private readonly repository: DeviceRepository,
    private readonly keys: KeyRing,
    private readonly deviceKeys: DeviceKeys,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  async challenge(device: string): Promise<Challenge> {
    requireActive(await this.require(device));
    this.dropExpired();
    if (this.challenges.size >= serverLimits.challengesMax) throw new RetryLaterError('request.rate-limited', { problem: 'Too many challenges wait for an answer.', seconds: serverLimits.challengeLifeMs / 1000 });
    const challenge = toHex(this.luck.bytes(32));
    this.challenges.set(challenge, { device, expiresAtMs: this.clock.nowMs() + serverLimits.challengeLifeMs });
    return { challenge };
  }

  async credential({ device, challenge, signature }: CredentialRequest): Promise<Credential> {
    const row = await this.require(device);
    const asked = this.challenges.get(challenge);
    this.challenges.delete(challenge);
    if (asked === undefined || asked.device !== device || asked.expiresAtMs <= this.clock.nowMs()) {
      throw new FleetError('credential.challenge', { field: 'challenge', problem: 'The challenge is not open for this device.' });
    }
    const signed = { message: concatBytes([utf8(credentialContext), fromHex(challenge)]), signature: fromHex(signature) };
    if (!verify({ publicKey: row.publicKey, ...signed })) {
      if (await this.deviceKeys.isSignedByFormerKey(device, signed)) throw new FleetError('device.key-replaced', { field: 'signature', problem: 'The device has another key now.' });
      throw new FleetError('credential.signature', { field: 'signature', problem: 'The challenge was not signed by the key of this device.' });
    }
    requireActive(row);
    const { credential, expiresAt } = await this.keys.signCredential({ device, generation: row.keyGeneration });
    return { credential, expiresAt: expiresAt.toISOString(), coordinatorKey: toHex(this.keys.publicKey) };
  }

  /** The device of a credential, as it is now: a revoked one is out at once, and so is a former key, however long its credential lasts. */
  async admit(credential: unknown): Promise<DeviceRow> {
    const { device, generation } = await this.keys.verifyCredential(credential);
    const row = await this.require(device);
    if (row.keyGeneration !== generation) throw new FleetError('credential.invalid', { field: 'credential', problem: 'The credential was made for a key that the device no longer has.' });
    requireActive(row);
    return row;
  }

  private async require(id: string): Promise<DeviceRow> {
    const row = await this.repository.find(id);
    if (row === null) throw new FleetError('device.unknown', { field: 'device', problem: 'No such device is enrolled here.' });
    return row;
  }

  private dropExpired(): void {
    const now = this.clock.nowMs();
    for (const [challenge, { expiresAtMs }] of this.challenges) {
      if (expiresAtMs > now) return; // in order of insertion, all with one life
      this.challenges.delete(challenge);
    }
  }
}
