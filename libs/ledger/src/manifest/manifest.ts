import { FleetError } from '@seedfleet/errors';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { sign, sha256, verify } from '#crypto';
import { concatBytes, utf8 } from '../bytes/byte-sequence.js';
import { fromHex, toHex } from '../bytes/hex.js';
import { hex64, manifestSchema, type Manifest } from './manifest-schema.js';

/** A manifest as it is stored and sent: the hash names the run, the signature is over `"seedfleet/manifest/v1"` ‖ hash. */
export interface SignedManifest {
  manifest: Manifest;
  /** SHA-256 of the canonical bytes, hex */
  hash: string;
  /** Ed25519 by manifest.coordinatorKey, hex */
  signature: string;
}

/** A manifest whose schema, hash and signature were checked. */
export interface VerifiedManifest {
  manifest: Manifest;
  /** 32 bytes */
  hash: Uint8Array;
}

const envelopeSchema = z.strictObject({ manifest: manifestSchema, hash: hex64, signature: z.string().regex(/^[0-9a-f]{128}$/, 'must be 128 lower-case hexadecimal digits') });
const signatureDomain = utf8('seedfleet/manifest/v1');

/** Canonical JSON (RFC 8785) in UTF-8: one manifest, one byte sequence, whatever order its fields were written in. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return canonicalBytes(parse(manifestSchema, manifest, 'manifest'));
}

/**
 * RFC 8785 bytes of a JSON value.
 * @throws FleetError `manifest.invalid` for what I-JSON (RFC 7493) cannot say: NaN, infinities, lone surrogates
 */
export function canonicalBytes(value: unknown): Uint8Array {
  const text = canonicalText(value);
  // JSON.stringify escapes a lone surrogate; RFC 8785 section 3.2.2.2 makes it an error.
  if (text === undefined || /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(text)) {
    throw new FleetError('manifest.invalid', { problem: 'The value has no canonical JSON form (a lone surrogate, or nothing at all).' });
  }
  return utf8(text);
}

function canonicalText(value: unknown): string | undefined {
  try {
    return canonicalize(value);
  } catch (cause) {
    throw new FleetError('manifest.invalid', { problem: 'The value has no canonical JSON form (NaN, an infinity, or a circle).', cause });
  }
}

/** @param privateKey of manifest.coordinatorKey; 32 bytes */
export function signManifest(manifest: Manifest, privateKey: Uint8Array): SignedManifest {
  const hash = sha256(encodeManifest(manifest));
  return { manifest, hash: toHex(hash), signature: toHex(sign(privateKey, concatBytes([signatureDomain, hash]))) };
}

/**
 * Checks schema, hash and signature of a manifest from outside.
 * @param expected.coordinatorKey the key that this device enrolled with, hex; without it the manifest's own key is believed
 * @throws FleetError `manifest.invalid` with the field, `manifest.signature`
 */
export function verifyManifest(signed: unknown, expected: { coordinatorKey?: string } = {}): VerifiedManifest {
  const { manifest, hash, signature } = parse(envelopeSchema, signed, 'signed manifest');
  const actual = sha256(canonicalBytes(manifest));
  if (toHex(actual) !== hash) throw new FleetError('manifest.signature', { field: 'hash', problem: 'The hash of the manifest is not the one beside it.' });
  if (expected.coordinatorKey !== undefined && expected.coordinatorKey !== manifest.coordinatorKey) {
    throw new FleetError('manifest.signature', { field: 'manifest.coordinatorKey', problem: 'The manifest names another coordinator than expected.' });
  }
  const genuine = verify({ publicKey: fromHex(manifest.coordinatorKey), message: concatBytes([signatureDomain, actual]), signature: fromHex(signature) });
  if (!genuine) throw new FleetError('manifest.signature', { field: 'signature', problem: 'The signature does not belong to this manifest and key.' });
  return { manifest, hash: actual };
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new FleetError('manifest.invalid', { field: issue?.path.join('.') ?? '', problem: `The ${what} is not valid: ${issue?.message ?? 'unknown problem'}.` });
}
