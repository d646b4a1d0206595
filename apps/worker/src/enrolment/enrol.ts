import { FleetError } from '@seedfleet/errors';
import { concatBytes, generateKeyPair, sign, toHex, utf8 } from '@seedfleet/ledger';
import { enrolmentContext, enrolmentSchema, protocolVersion } from '@seedfleet/protocol';
import { type CoordinatorApi } from '../session/coordinator-api.js';
import { type DeviceRecord } from '../vault/device-record.js';
import { keepDevice, keepNewKey } from '../vault/vault.js';

export interface Enrolment {
  record: DeviceRecord;
  /** `active`, or `pending` until an operator approves the fingerprint. */
  state: string;
  /** Hex of the device's public key, as the operator sees it. */
  publicKey: string;
}

/** What the device signs to prove that it holds the key: "seedfleet/enrol/v1", the token, the public key. */
export function enrolmentMessage({ token, publicKey }: { token: string; publicKey: Uint8Array }): Uint8Array {
  return concatBytes([utf8(enrolmentContext), utf8(token), publicKey]);
}

/**
 * Makes the device's key, proves it to the coordinator and keeps the answer, in that order.
 * @param coordinatorKey the expected key of the coordinator in hex; without it the first answer is trusted and pinned
 * @throws FleetError `vault.exists`, `coordinator.*`, or the refusal of the coordinator
 */
export async function enrol({ api, url, token, home, name, coordinatorKey }:
{ api: CoordinatorApi; url: string; token: string; home: string; name: string; coordinatorKey?: string }): Promise<Enrolment> {
  const { publicKey, privateKey } = keepNewKey(home, generateKeyPair);
  const proof = toHex(sign(privateKey, enrolmentMessage({ token, publicKey })));
  const answer = await api.json('/device/enrolments', enrolmentSchema, { method: 'POST', body: { token, name, publicKey: toHex(publicKey), proof } });
  if (coordinatorKey !== undefined && answer.coordinatorKey !== coordinatorKey.toLowerCase()) {
    throw new FleetError('coordinator.key-changed', { field: 'coordinator-key', problem: 'The coordinator answered with another key than the one given.' });
  }
  const record: DeviceRecord = { format: 'seedfleet/device/v1', url, device: answer.device, coordinatorKey: answer.coordinatorKey, name: answer.name ?? name, protocol: protocolVersion };
  keepDevice(home, record);
  return { record, state: answer.state, publicKey: toHex(publicKey) };
}
