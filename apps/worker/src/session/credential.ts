import { FleetError } from '@seedfleet/errors';
import { concatBytes, fromHex, sign, toHex, utf8 } from '@seedfleet/ledger';
import { challengeSchema, credentialContext, credentialSchema } from '@seedfleet/protocol';
import { type Surroundings } from '../surroundings.js';
import { type DeviceRecord } from '../vault/device-record.js';
import { type DeviceKeys } from '../vault/device-keys.js';
import { type CoordinatorApi } from './coordinator-api.js';
import { settleKeyChange } from './key-change.js';

/** The short-lived credential of this device, fetched when first asked for and again before it runs out. */
export interface Credentials {
  current(): Promise<string>;
  /** Forgets the credential, after the coordinator refused it. */
  forget(): void;
}

/** What the device signs to answer a challenge: "seedfleet/credential/v1" and the challenge's bytes. */
export function credentialMessage(challenge: string): Uint8Array {
  return concatBytes([utf8(credentialContext), fromHex(challenge)]);
}

export function credentialsOf({ api, device, keys, surroundings }:
{ api: CoordinatorApi; device: DeviceRecord; keys: DeviceKeys; surroundings: Surroundings }): Credentials {
  let held: { credential: string; renewAtMs: number } | null = null;
  let pending: Promise<string> | null = null;

  async function fetchCredential(): Promise<string> {
    // A change of key that was cut short, at whatever instant, ends here before anything is signed.
    await settleKeyChange({ api, device, keys });
    const { challenge } = await api.json('/device/challenges', challengeSchema, { method: 'POST', body: { device: device.device } });
    const signature = toHex(sign(keys.current(), credentialMessage(challenge)));
    const answer = await api.json('/device/credentials', credentialSchema, { method: 'POST', body: { device: device.device, challenge, signature } });
    if (answer.coordinatorKey !== device.coordinatorKey) {
      throw new FleetError('coordinator.key-changed', { problem: 'The coordinator answered with another key than the pinned one.' });
    }
    const now = surroundings.nowMs();
    const lifeMs = Date.parse(answer.expiresAt) - now;
    // A fifth of its life before the end: a request that starts now still finds it valid. At least a second, whatever the clocks say.
    held = { credential: answer.credential, renewAtMs: now + Math.max(1000, lifeMs * 0.8) };
    return answer.credential;
  }

  return {
    current() {
      if (held !== null && surroundings.nowMs() < held.renewAtMs) return Promise.resolve(held.credential);
      // One request at a time: a socket and a download that ask together share the answer.
      pending ??= fetchCredential().finally(() => { pending = null; });
      return pending;
    },
    forget() {
      held = null;
    },
  };
}
