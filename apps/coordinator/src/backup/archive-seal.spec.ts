import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { headerBytes, isSealed, newSealIdentity, seal, unseal } from './archive-seal.js';

// The other implementation is age of Debian (1.1.1, in Go, by the author of the format).
const chunkBytes = 65_536;
const random = (bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 2_654_435_761) >>> 13 & 0xff));
const of = (bytes: Uint8Array) => Readable.from([bytes]);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'seedfleet-seal-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([0, 1, chunkBytes - 1, chunkBytes, 3 * chunkBytes + 5])('%i bytes that are sealed for a recipient are read by age, and the other way round', async (bytes) => {
  const { identity, recipient } = await newSealIdentity();
  const plain = random(bytes);
  const [identityFile, sealedFile] = [join(folder, 'identity'), join(folder, 'sealed')];
  writeFileSync(identityFile, `${identity}\n`);
  const sealed = await buffer(await seal(of(plain), { recipients: [recipient] }));
  expect(isSealed(sealed.subarray(0, headerBytes))).toBe(true);
  writeFileSync(sealedFile, sealed);
  expect(execFileSync('age', ['--decrypt', '--identity', identityFile, sealedFile]).equals(plain)).toBe(true);
  const theirs = execFileSync('age', ['--recipient', recipient], { input: plain });
  expect((await buffer(await unseal(of(theirs), { identities: [identity] }))).equals(plain)).toBe(true);
});

test('each of several recipients can open it, nobody else', async () => {
  const [first, second, stranger] = await Promise.all([newSealIdentity(), newSealIdentity(), newSealIdentity()]);
  const sealed = await buffer(await seal(of(random(100)), { recipients: [first.recipient, second.recipient] }));
  for (const { identity } of [first, second]) expect((await buffer(await unseal(of(sealed), { identities: [stranger.identity, identity] }))).equals(random(100))).toBe(true);
  await expect(unseal(of(sealed), { identities: [stranger.identity] })).rejects.toMatchObject({ code: 'backup.wrong-key' });
  await expect(seal(of(random(1)), { recipients: ['age1nobody'] })).rejects.toMatchObject({ code: 'settings.invalid' });
  await expect(unseal(of(sealed), { identities: ['no identity'] })).rejects.toMatchObject({ code: 'settings.invalid' });
});

test('a passphrase opens what was sealed with it, another does not', async () => {
  const sealed = await buffer(await seal(of(random(100)), { passphrase: 'correct horse battery staple', scryptWorkFactor: 12 }));
  // The cost of a guess stands in the header, as its logarithm.
  expect(sealed.toString('latin1')).toMatch(/^age-encryption\.org\/v1\n-> scrypt \S+ 12\n/);
  expect((await buffer(await unseal(of(sealed), { passphrase: 'correct horse battery staple' }))).equals(random(100))).toBe(true);
  await expect(unseal(of(sealed), { passphrase: 'tr0ub4dor' })).rejects.toMatchObject({ code: 'backup.wrong-key' });
});

test('what is cut at the border of a chunk, or changed in any place, does not come out as if it were whole', async () => {
  const { identity, recipient } = await newSealIdentity();
  const sealed = await buffer(await seal(of(random(3 * chunkBytes)), { recipients: [recipient] }));
  const cut = sealed.subarray(0, sealed.length - chunkBytes - 16);
  const changed = Buffer.from(sealed);
  changed[sealed.length - chunkBytes] = (changed[sealed.length - chunkBytes] ?? 0) ^ 1;
  for (const spoilt of [cut, changed]) await expect(unseal(of(spoilt), { identities: [identity] }).then(buffer)).rejects.toThrow();
});
