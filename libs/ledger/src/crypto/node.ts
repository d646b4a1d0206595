import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, hash as hashAtOnce, randomBytes as nodeRandomBytes, sign as nodeSign, verify as nodeVerify, type KeyObject } from 'node:crypto';
import { concatBytes } from '../bytes/byte-sequence.js';
import { type KeyPair, type SignedMessage } from './signing.js';

/** DER before the 32 bytes of a raw key: RFC 8410, sections 4 and 7. */
const spkiPrefix = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);
const pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20);

export function sha256(...parts: Uint8Array[]): Uint8Array {
  // In one call, its result a string: a fifth of the time where little is hashed, and a replay derives eight seeds a round.
  if (parts.length === 1 && parts[0]) {
    const letters = hashAtOnce('sha256', parts[0], 'binary');
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
    return bytes;
  }
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return plain(hash.digest());
}

export function generateKeyPair(): KeyPair {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = plain(privateKey.export({ format: 'der', type: 'pkcs8' })).slice(-32);
  return { publicKey: publicKeyOf(seed), privateKey: seed };
}

export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return plain(createPublicKey(privateKeyObject(privateKey)).export({ format: 'der', type: 'spki' })).slice(-32);
}

export function sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  return plain(nodeSign(null, message, privateKeyObject(privateKey)));
}

export function verify({ publicKey, message, signature }: SignedMessage): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  const key = createPublicKey({ key: asBuffer(concatBytes([spkiPrefix, publicKey])), format: 'der', type: 'spki' });
  return nodeVerify(null, message, key, signature);
}

export function randomBytes(length: number): Uint8Array {
  return plain(nodeRandomBytes(length));
}

function privateKeyObject(privateKey: Uint8Array): KeyObject {
  if (privateKey.length !== 32) throw new RangeError('an Ed25519 private key is a seed of 32 bytes');
  return createPrivateKey({ key: asBuffer(concatBytes([pkcs8Prefix, privateKey])), format: 'der', type: 'pkcs8' });
}

/** A Buffer is a Uint8Array of another shape (its slice() shares memory, its JSON differs): none leaves this file. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
