import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { concatBytes, fromHex, toHex, utf8, verify } from '@seedfleet/ledger';
import { credentialContext, type Challenge, type Credential, type CredentialRequest, type DeviceState } from '@seedfleet/protocol';
import { KeyRing } from '../keys/key-ring.js';
import { Challenges } from './challenges.js';
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
  constructor(
    private readonly repository: DeviceRepository,
    private readonly keys: KeyRing,
    private readonly deviceKeys: DeviceKeys,
    private readonly challenges: Challenges,
  ) {}

  async challenge(device: string): Promise<Challenge> {
    requireActive(await this.require(device));
    return { challenge: this.challenges.make(device) };
  }

  async credential({ device, challenge, signature }: CredentialRequest): Promise<Credential> {
    const row = await this.require(device);
    if (!await this.challenges.use(device, challenge)) {
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

  /** Whose credential it is; of the device nothing is known yet. @throws FleetError `credential.invalid` */
  identify(credential: unknown): Promise<{ device: string; generation: number }> {
    return this.keys.verifyCredential(credential);
  }

  /** The device of a credential, as it is now: a revoked one is out at once, and so is a former key, however long its credential lasts. */
  async admit(credential: unknown): Promise<DeviceRow> {
    return this.welcome(await this.identify(credential));
  }

  /** As `admit`, of a credential that was read. */
  async welcome({ device, generation }: { device: string; generation: number }): Promise<DeviceRow> {
    const row = await this.require(device);
    if (row.keyGeneration !== generation) throw new FleetError('credential.invalid', { field: 'credential', problem: 'The credential was made for a key that the device no longer has.' });
    requireActive(row);
    return row;
  }

  private async require(id: string): Promise<DeviceRow> {
    const row = await this.repository.findSoon(id);
    if (row === null) throw new FleetError('device.unknown', { field: 'device', problem: 'No such device is enrolled here.' });
    return row;
  }
}
