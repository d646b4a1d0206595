import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { utf8 } from '../bytes/byte-sequence.js';
import { fromHex, toHex } from '../bytes/hex.js';
import * as browser from './browser.js';
import * as node from './node.js';
import { type Crypto } from './signing.js';

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));
const { signatures } = read('rfc8032') as { signatures: { section: string; privateKey: string; publicKey: string; message: string; signature: string }[] };
const { messages } = read('sha256') as { messages: { text: string; sha256: string }[] };
const platforms: [string, Crypto][] = [['Node', node], ['a browser', browser]];
const bytes = (length?: number) => fc.uint8Array(length === undefined ? { maxLength: 300 } : { minLength: length, maxLength: length });

describe.each(platforms)('the cryptography of %s', (_name, crypto) => {
  test.each(messages)('hashes "$text" as FIPS 180-4 does', ({ text, sha256 }) => expect(toHex(crypto.sha256(utf8(text)))).toBe(sha256));

  test('hashes parts as it hashes the whole', () => fc.assert(fc.property(bytes(), bytes(), (a, b) => {
    expect(toHex(crypto.sha256(a, b))).toBe(toHex(crypto.sha256(Uint8Array.from([...a, ...b]))));
  })));

  test.each(signatures)('signs and verifies $section of RFC 8032', ({ privateKey, publicKey, message, signature }) => {
    expect(toHex(crypto.publicKeyOf(fromHex(privateKey)))).toBe(publicKey);
    expect(toHex(crypto.sign(fromHex(privateKey), fromHex(message)))).toBe(signature);
    expect(crypto.verify({ publicKey: fromHex(publicKey), message: fromHex(message), signature: fromHex(signature) })).toBe(true);
  });

  test('a signature verifies for its key and message only', () => {
    const { privateKey, publicKey } = crypto.generateKeyPair();
    const message = utf8('a message');
    const signature = crypto.sign(privateKey, message);
    expect(crypto.verify({ publicKey, message, signature })).toBe(true);
    expect(crypto.verify({ publicKey, message: utf8('a massage'), signature })).toBe(false);
    expect(crypto.verify({ publicKey: crypto.generateKeyPair().publicKey, message, signature })).toBe(false);
    for (let bit = 0; bit < 512; bit += 37) {
      const bent = signature.slice();
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(crypto.verify({ publicKey, message, signature: bent })).toBe(false);
    }
  });

  test.each([['a short signature', 63, 32], ['a long key', 64, 33], ['nothing', 0, 0]])('%s verifies nothing and throws nothing', (_what, signatureLength, keyLength) => {
    expect(crypto.verify({ publicKey: new Uint8Array(keyLength), message: utf8('m'), signature: new Uint8Array(signatureLength) })).toBe(false);
  });

  test('a key that is no point of the curve verifies nothing and throws nothing', () => {
    expect(crypto.verify({ publicKey: new Uint8Array(32).fill(0xff), message: utf8('m'), signature: new Uint8Array(64).fill(1) })).toBe(false);
  });

  test('a private key of another length is refused', () => expect(() => crypto.sign(new Uint8Array(31), utf8('m'))).toThrow());

  test('gives plain Uint8Arrays, whose slices are copies', () => {
    const hash = crypto.sha256();
    expect(Object.getPrototypeOf(hash)).toBe(Uint8Array.prototype);
    expect(crypto.randomBytes(40)).toHaveLength(40);
  });
});

test('both platforms sign the same bytes with the same key, and verify each other', () => fc.assert(fc.property(bytes(32), bytes(), (privateKey, message) => {
  const signature = browser.sign(privateKey, message);
  expect(toHex(node.sign(privateKey, message))).toBe(toHex(signature));
  expect(node.verify({ publicKey: browser.publicKeyOf(privateKey), message, signature })).toBe(true);
}), { numRuns: 20 }));
