import { FleetError } from '@seedfleet/errors';
import { concatBytes, publicKeyOf, sign, toHex, utf8 } from '@seedfleet/ledger';
import { enrolmentSchema, rotationContext } from '@seedfleet/protocol';
import { type DeviceKeys } from '../vault/device-keys.js';
import { type DeviceRecord } from '../vault/device-record.js';
import { type CoordinatorApi } from './coordinator-api.js';

/** What both keys sign: "seedfleet/rotate/v1", the device, the new public key. */
export function keyChangeMessage({ device, publicKey }: { device: string; publicKey: Uint8Array }): Uint8Array {
  return concatBytes([utf8(rotationContext), utf8(device), publicKey]);
}

/**
 * Ends the change of key that is under way, if one is: asks the coordinator to take the next key, as often as it must be asked, and lets go of
 * the old one only when it has said yes. A coordinator that took it and could not say so says it to the second request.
 * @returns whether there is a new key
 * @throws FleetError `coordinator.*`, `device.*`; an older coordinator that knows no such change leaves the old key in place
 */
export async function settleKeyChange({ api, device, keys }: { api: CoordinatorApi; device: DeviceRecord; keys: DeviceKeys }): Promise<boolean> {
  const next = keys.next();
  if (next === null) return false;
  const publicKey = publicKeyOf(next);
  const message = keyChangeMessage({ device: device.device, publicKey });
  try {
    const answer = await api.json('/device/keys', enrolmentSchema, { method: 'POST', body: {
      device: device.device, publicKey: toHex(publicKey), signature: toHex(sign(keys.current(), message)), proof: toHex(sign(next, message)),
    } });
    if (answer.coordinatorKey !== device.coordinatorKey) throw new FleetError('coordinator.key-changed', { problem: 'The coordinator answered with another key than the pinned one.' });
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== 'request.unknown-route') throw error;
    keys.drop();
    return false;
  }
  keys.finish();
  return true;
}
