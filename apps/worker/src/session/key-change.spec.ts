import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publicKeyOf, toHex } from '@seedfleet/ledger';
import { enrol } from '../enrolment/enrol.js';
import { surroundingsOfProcess } from '../surroundings-of-process.js';
import { SmallCoordinator, token } from '../testing/small-coordinator.fixture.js';
import { deviceKeysOf } from '../vault/device-keys.js';
import { openVault, vaultPath } from '../vault/vault.js';
import { coordinatorApi } from './coordinator-api.js';
import { credentialsOf } from './credential.js';
import { settleKeyChange } from './key-change.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
let coordinator: SmallCoordinator;
let url: string;
let home: string;

beforeEach(async () => {
  coordinator = new SmallCoordinator();
  url = await coordinator.start();
  home = join(mkdtempSync(join(tmpdir(), 'seedfleet-keys-')), 'home');
  await enrol({ api: coordinatorApi(url), url, token, home, name: 'a device' });
});
afterEach(() => coordinator.stop());

/** What the next process of this device does first: whatever was cut short, it comes in. */
async function comesIn(): Promise<Uint8Array> {
  const vault = openVault(home);
  try {
    await credentialsOf({ api: coordinatorApi(url), device: vault.device, keys: vault.keys, surroundings: surroundingsOfProcess() }).current();
    expect(vault.keys.next()).toBeNull();
    return publicKeyOf(vault.keys.current());
  } finally {
    vault.close();
  }
}

const rotate = (): ChildProcess => spawn(process.execPath, [main, 'rotate-key', '--home', home], { stdio: 'ignore' });
const keyOnDisk = () => toHex(publicKeyOf(deviceKeysOf(home).current()));
const keyThere = () => toHex(coordinator.publicKey ?? new Uint8Array());

test('a device changes its key by a command; its batches stay in the order that they had', async () => {
  const [before, salt] = [keyOnDisk(), toHex(deviceKeysOf(home).batchSalt())];
  const [code] = await once(rotate(), 'exit') as [number];
  expect(code).toBe(0);
  expect(keyOnDisk()).not.toBe(before);
  expect(keyThere()).toBe(keyOnDisk());
  expect(toHex(deviceKeysOf(home).batchSalt())).toBe(salt);
  expect(existsSync(vaultPath(home, 'nextKey'))).toBe(false);
}, 20_000);

test.each([['before the coordinator took the new key', 'before'], ['when it had taken it and had not said so', 'after']] as const)('killed %s, a device still has the key that counts', async (_, when) => {
  const before = keyOnDisk();
  const child = rotate();
  const ended = once(child, 'exit');
  coordinator.keyChange[when] = () => {
    coordinator.keyChange[when] = () => undefined;
    // The process ends inside this request: nothing that is answered below reaches it.
    child.kill('SIGKILL');
    if (when === 'before') throw new Error('the connection is cut');
  };
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
  expect(keyOnDisk()).toBe(before);
  expect(keyThere() === before).toBe(when === 'before');
  expect(toHex(await comesIn())).toBe(keyThere());
  expect(keyThere()).not.toBe(before);
  expect(coordinator.keyChanges).toBe(1);
}, 20_000);

test.each(['next key kept', 'taken by the coordinator', 'renamed'] as const)('cut short at "%s", the next start ends the change with the same new key', async (step) => {
  const keys = deviceKeysOf(home);
  keys.begin();
  const next = toHex(publicKeyOf(keys.next() ?? new Uint8Array(32)));
  if (step !== 'next key kept') await settleKeyChange({ api: coordinatorApi(url), device: openAndClose(), keys: { ...keys, finish: () => undefined } });
  if (step === 'renamed') keys.finish();
  expect(toHex(await comesIn())).toBe(next);
  expect(keyThere()).toBe(next);
  expect(toHex(await comesIn())).toBe(next);
});

test('a coordinator that knows no change of keys leaves the old key in place', async () => {
  coordinator.changesKeys = false;
  const before = keyOnDisk();
  deviceKeysOf(home).begin();
  expect(toHex(await comesIn())).toBe(before);
});

function openAndClose() {
  const vault = openVault(home);
  vault.close();
  return vault.device;
}
