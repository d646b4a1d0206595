import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { type KeyPair, type SignedMessage } from './signing.js';

// WebCrypto is asynchronous and would make every hash of a replay a promise: noble computes in place.

export function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = nobleSha256.create();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function generateKeyPair(): KeyPair {
  const { secretKey, publicKey } = ed25519.keygen();
  return { publicKey, privateKey: secretKey };
}

export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(privateKey);
}

export function sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  return ed25519.sign(message, privateKey);
}

export function verify({ publicKey, message, signature }: SignedMessage): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  // zip215 would accept non-canonical points that node:crypto refuses: one signature, one answer.
  return ed25519.verify(signature, message, publicKey, { zip215: false });
}

export function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}
