import { FleetError } from '@seedfleet/errors';
import { protocolVersion, versionSchema } from '@seedfleet/protocol';
import { coordinatorApi } from '../session/coordinator-api.js';
import { credentialsOf } from '../session/credential.js';
import { type Surroundings } from '../surroundings.js';
import { deviceKeysOf } from '../vault/device-keys.js';
import { readDeviceRecord, type DeviceRecord } from '../vault/device-record.js';
import { vaultPath } from '../vault/vault.js';
import { type Check } from './check.js';

/** Clocks further apart than this make credentials look expired or not yet valid. */
const clockSkewMaxMs = 60_000;

/** What the coordinator says to this device: that it is there, of which version, at what time, and whether it lets the device in. */
export function coordinatorChecks({ home, surroundings }: { home: string; surroundings: Surroundings }): Check[] {
  const record = () => readDeviceRecord(vaultPath(home, 'device'));
  return [
    { name: 'coordinator', after: ['enrolment'], look: async () => {
      const { url } = record();
      const version = await coordinatorApi(url).json('//version', versionSchema);
      const { min, max } = version.protocol;
      if (protocolVersion < min) throw new FleetError('protocol.client-too-old', { problem: `The coordinator speaks protocols ${min} to ${max}, this worker ${protocolVersion}.` });
      if (protocolVersion > max) throw new FleetError('protocol.server-too-old', { problem: `The coordinator speaks protocols ${min} to ${max}, this worker ${protocolVersion}.` });
      return `version ${version.version} at ${url}`;
    } },
    { name: 'clock', after: ['coordinator'], look: async () => {
      const answer = await coordinatorApi(record().url).open('//version');
      const theirs = Date.parse(answer.headers.get('date') ?? '');
      await answer.body?.cancel();
      const skewMs = Math.abs(surroundings.nowMs() - theirs);
      if (Number.isNaN(skewMs) || skewMs > clockSkewMaxMs) {
        throw new FleetError('clock.skewed', { field: 'clock', problem: `The clocks of device and coordinator are ${Math.round(skewMs / 1000)} s apart.` });
      }
      return `${Math.round(skewMs / 1000)} s apart`;
    } },
    { name: 'admission', after: ['coordinator', 'key'], look: async () => {
      await requireAdmission(record(), { home, surroundings });
      return 'the coordinator knows this device and lets it in';
    } },
  ];
}

/** Asks for a credential with the key that counts: in a change of key that was cut short it may be the next one. Ends no such change: the doctor changes nothing. */
async function requireAdmission(device: DeviceRecord, { home, surroundings }: { home: string; surroundings: Surroundings }): Promise<void> {
  const keys = deviceKeysOf(home);
  const next = keys.next();
  const ask = (key: Uint8Array) => credentialsOf({ api: coordinatorApi(device.url), device, keys: { ...keys, current: () => key, next: () => null }, surroundings }).current();
  try {
    await ask(keys.current());
  } catch (error) {
    if (next === null || !(error instanceof FleetError) || error.code !== 'device.key-replaced') throw error;
    await ask(next);
  }
}
