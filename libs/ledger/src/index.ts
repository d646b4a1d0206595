/**
 * What was agreed, as bytes: the signed manifest, the commits and their chain, checkpoints, hashes and signatures.
 * Not here: what the bytes mean as numbers (numerics), who may send them (protocol), files and sockets. Runs in Node and in a browser.
 */
export { generateKeyPair, publicKeyOf, randomBytes, sha256, sign, verify } from '#crypto';
export { type Crypto, type KeyPair, type SignedMessage } from './crypto/signing.js';
export { fromHex, toHex } from './bytes/hex.js';
export { fromBase64, toBase64 } from './bytes/base64.js';
export { compareBytes, concatBytes, equalBytes, utf8 } from './bytes/byte-sequence.js';
export { ByteReader } from './bytes/byte-reader.js';
export { ByteWriter } from './bytes/byte-writer.js';
export { float64Bytes } from './bytes/float64-bytes.js';
export { hex64, manifestSchema, type Manifest } from './manifest/manifest-schema.js';
export { canonicalBytes, encodeManifest, signManifest, verifyManifest, type SignedManifest, type VerifiedManifest } from './manifest/manifest.js';
export { decodeCommit, encodeCommit, isSignedBy, type Commit, type SignedCommit } from './commit/commit.js';
export { chainEnd, chainStart, verifyChain, verifyLink, type ChainEnd } from './commit/chain.js';
export { hashReports } from './commit/reports-hash.js';
export { decodeLog, encodeLog } from './commit/log.js';
export { hashValues } from './checkpoint/state-hash.js';
export { decodeCheckpoint, encodeCheckpoint, verifyCheckpoint, type Checkpoint } from './checkpoint/checkpoint.js';
