import { setTimeout as sleep } from 'node:timers/promises';
import { type AnswerOf, type Device } from '@seedfleet/protocol';
import { serverLimits } from '../app/limits.js';
import { aCoordinator, type CoordinatorUnderTest } from '../testing/a-coordinator.js';
import { aToken, DeviceUnderTest } from '../testing/a-device.js';

let fleet: CoordinatorUnderTest;
beforeAll(async () => { fleet = await aCoordinator(); }, 60_000);
afterAll(() => fleet.close());

const isOnline = async ({ id }: DeviceUnderTest) => ((await fleet.call('GET', `/api/v1/devices/${id}`)).json as Device).online;

test('more handshakes at once than are borne: the next device is told when to come back, is served nothing until then, and is let in when it comes', async () => {
  const { token } = await aToken(fleet, { usesMax: serverLimits.handshakesUnderWayMax });
  // Connected and not greeted yet: their handshakes are under way.
  const crowd = await Promise.all(Array.from({ length: serverLimits.handshakesUnderWayMax }, () => DeviceUnderTest.enrol(fleet, token)));
  const device = await DeviceUnderTest.enrol(fleet);
  const { credential } = await device.credential();
  for (const other of crowd) await other.connect();

  await device.connect(credential);
  const first = await device.hello();
  if (!first.ok || first.comeBackMs === undefined) throw new Error(`not told to come back: ${JSON.stringify(first)}`);
  expect(first.comeBackMs).toBeLessThanOrEqual(serverLimits.comeBackMsMax);
  expect(await device.send('ledger:tail', { run: 1, from: 0 })).toMatchObject({ ok: false, error: { code: 'session.hello-missing' } });
  expect(await isOnline(device)).toBe(false);
  device.socket.disconnect();

  for (const other of crowd) other.socket.disconnect();
  expect(await comesBack(device, { credential, afterMs: first.comeBackMs })).toEqual({ ok: true, deviceName: 'a device', runs: [] });
  expect(await isOnline(device)).toBe(true);
}, 60_000);

/** Comes until it is let in, as often as it is told to. */
async function comesBack(device: DeviceUnderTest, { credential, afterMs }: { credential: string; afterMs: number }): Promise<AnswerOf<'session:hello'>> {
  await sleep(afterMs);
  await device.connect(credential);
  const answer = await device.hello();
  if (!answer.ok || answer.comeBackMs === undefined) return answer;
  device.socket.disconnect();
  return comesBack(device, { credential, afterMs: answer.comeBackMs });
}
