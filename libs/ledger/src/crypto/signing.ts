/** Ed25519 (RFC 8032), pure: the private key is its 32-byte seed. */
export interface KeyPair {
  publicKey: Uint8Array;
  privateKey: Uint8Array;
}

/** What `verify` looks at; a signature that is not 64 bytes or a key that is not 32 verifies nothing. */
export interface SignedMessage {
  publicKey: Uint8Array;
  message: Uint8Array;
  signature: Uint8Array;
}

/** The platform's cryptography: each of `node.ts` and `browser.ts` is one, chosen by the `imports` conditions of package.json; the spec runs both. */
export interface Crypto {
  /** SHA-256 (FIPS 180-4) of the parts one after another; 32 bytes. */
  sha256(...parts: Uint8Array[]): Uint8Array;
  generateKeyPair(): KeyPair;
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  /** A 64-byte Ed25519 signature; deterministic. */
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  verify(signed: SignedMessage): boolean;
  /** Bytes of the platform's secure generator, for keys and salts. */
  randomBytes(length: number): Uint8Array;
}
