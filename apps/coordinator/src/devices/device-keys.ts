import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { concatBytes, equalBytes, fromHex, toHex, utf8, verify } from '@seedfleet/ledger';
import { rotationContext, type Enrolment } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { Logger } from '../app/logger.js';
import { Clock } from '../app/surroundings.js';
import { type Transaction } from '../database/database.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { KeyRing } from '../keys/key-ring.js';
import { AuditLog } from '../operators/audit-log.js';
import { fingerprintOf } from './fingerprint.js';
import { DeviceRepository, type DeviceRow } from './device.repository.js';
import { KeyRepository } from './key.repository.js';
import { TurnAway } from './turn-away.js';

/** The key of a device changes in one transaction: the new one counts, the old one is refused at once, everything else of the device stays. */
@Injectable()
export class DeviceKeys {
  constructor(
    private readonly devices: DeviceRepository,
    private readonly keys: KeyRepository,
    private readonly ring: KeyRing,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly turning: TurnAway,
    private readonly logger: Logger,
  ) {}

  /** A device changes its own key. Idempotent: a device that lost the answer asks again with the same new key. */
  async rotate({ device, publicKey, signature, proof }: InputOf<'changeDeviceKey'>['body']): Promise<Enrolment> {
    const row = await this.devices.find(device);
    if (row === null) throw new FleetError('device.unknown', { field: 'device', problem: 'No such device is enrolled here.' });
    if (row.state === 'revoked') throw new FleetError('device.revoked', { field: 'device', problem: 'The device is revoked.' });
    const to = fromHex(publicKey);
    const message = concatBytes([utf8(rotationContext), utf8(device), to]);
    if (!verify({ publicKey: to, message, signature: fromHex(proof) })) throw new FleetError('device.key-proof', { field: 'proof', problem: 'The new key did not sign itself.' });
    if (!equalBytes(row.publicKey, to)) {
      await this.requireSignedByPresentKey(row, { message, signature: fromHex(signature) });
      await this.replace(row, to);
    }
    return { device, name: row.name, state: row.state, coordinatorKey: toHex(this.ring.publicKey) };
  }

  /** Whether a key is or was some device's: such a key enrols nobody. */
  isFormer(publicKey: Uint8Array, tx: Transaction): Promise<boolean> {
    return this.keys.isFormer(publicKey, tx);
  }

  /** A wiped device comes back, inside the transaction that takes the use of its token. @throws FleetError `device.changed`, `device.revoked` */
  async returned({ device, to, tokenId }: { device: string; to: Uint8Array; tokenId: string }, tx: Transaction): Promise<DeviceRow> {
    const row = await this.devices.find(device, tx);
    if (row === null) throw new FleetError('device.unknown', { field: 'token', problem: 'The device of this token is gone.' });
    if (row.state === 'revoked') throw new FleetError('device.revoked', { field: 'token', problem: 'The device of this token is revoked.' });
    if (!await this.keys.replace({ device, from: row.publicKey, to, at: this.clock.now(), cause: 're-enrolled', tokenId }, tx)) throw changed();
    return row;
  }

  /** Whoever is connected under the old key is told so and disconnected. */
  turnAwayOldKey(device: string): void {
    this.turning.away(device, new FleetError('device.key-replaced', { field: 'device', problem: 'The device has another key now.' }));
  }

  private async replace({ id, publicKey: from }: DeviceRow, to: Uint8Array): Promise<void> {
    try {
      await this.audit.change(async (tx, record) => {
        if (await this.keys.isFormer(to, tx)) throw known();
        if (!await this.keys.replace({ device: id, from, to, at: this.clock.now(), cause: 'rotated' }, tx)) throw changed();
        await record({ actor: id, action: 'device.rotate-key', subject: id, detail: { from: fingerprintOf(from), to: fingerprintOf(to) } });
      });
    } catch (error) {
      throw isUniqueViolation(error) ? known() : error;
    }
    this.logger.info('device.key-rotated', { device: id });
    this.turnAwayOldKey(id);
  }

  private async requireSignedByPresentKey({ id, publicKey }: DeviceRow, signed: { message: Uint8Array; signature: Uint8Array }): Promise<void> {
    if (verify({ publicKey, ...signed })) return;
    if (await this.isSignedByFormerKey(id, signed)) throw new FleetError('device.key-replaced', { field: 'signature', problem: 'The key that signed is no longer the key of this device.' });
    throw new FleetError('device.key-proof', { field: 'signature', problem: 'The key that the device has did not sign the new one.' });
  }

  /** Whether a signature was made by a key that the device had once. */
  async isSignedByFormerKey(device: string, signed: { message: Uint8Array; signature: Uint8Array }): Promise<boolean> {
    return (await this.keys.former(device)).some(({ publicKey }) => verify({ publicKey, ...signed }));
  }
}

function known(): FleetError {
  return new FleetError('enrolment.key-known', { field: 'publicKey', problem: 'This key is or was the key of a device.' });
}

function changed(): FleetError {
  return new FleetError('device.changed', { field: 'device', problem: 'The key of the device was changed meanwhile.' });
}
