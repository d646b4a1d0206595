import { Readable } from 'node:stream';
import { type ReadableStream } from 'node:stream/web';
import { FleetError } from '@seedfleet/errors';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';

/** Who may read an archive: holders of the identities behind these recipients (`age1...`), or whoever knows the passphrase. */
export type Seal = { recipients: readonly string[] } | { passphrase: string; scryptWorkFactor?: number };

/** What opens a sealed archive: identities (`AGE-SECRET-KEY-1...`), or the passphrase. */
export type SealKey = { identities: readonly string[] } | { passphrase: string };

/** How every file in the age format begins. Source: age-encryption.org/v1. */
const header = 'age-encryption.org/v1\n';

/** Cost of a guess at a passphrase: 2^18 of scrypt, 256 MiB, the default of age. */
export const scryptWorkFactorDefault = 18;

// The web streams of the DOM that the package names, and those of Node, are the same at run time.
type AgeStream = Parameters<Encrypter['encrypt']>[0] & object;
const toAge = (source: Readable) => Readable.toWeb(source) as unknown as Exclude<AgeStream, Uint8Array>;
const fromAge = (stream: unknown) => Readable.fromWeb(stream as ReadableStream<Uint8Array>);

const wrongSeal = (problem: string, cause?: unknown) => new FleetError('settings.invalid', { field: 'arguments', problem, fix: 'A recipient begins with age1, an identity with AGE-SECRET-KEY-1; docs/backup.md shows how to make one.', cause });

/**
 * The bytes of `source` in the age format: ChaCha20-Poly1305 in chunks of 64 KiB, of which the last is marked, so that none can be cut off.
 * @throws FleetError `settings.invalid` for what is no recipient
 */
export async function seal(source: Readable, whoMayRead: Seal): Promise<Readable> {
  const encrypter = new Encrypter();
  try {
    if ('passphrase' in whoMayRead) {
      encrypter.setScryptWorkFactor(whoMayRead.scryptWorkFactor ?? scryptWorkFactorDefault);
      encrypter.setPassphrase(whoMayRead.passphrase);
    } else {
      for (const recipient of whoMayRead.recipients) encrypter.addRecipient(recipient);
    }
  } catch (error) {
    throw wrongSeal('That is no recipient.', error);
  }
  return fromAge(await encrypter.encrypt(toAge(source)));
}

export const isSealed = (firstBytes: Uint8Array): boolean => Buffer.from(firstBytes).subarray(0, header.length).toString('latin1') === header;

/** Bytes that `isSealed` looks at. */
export const headerBytes = header.length;

/**
 * What was sealed. Each chunk is checked before it comes out; a stream that was cut ends with an error.
 * @throws FleetError `backup.wrong-key`, `settings.invalid` for what is no identity
 */
export async function unseal(source: Readable, key: SealKey): Promise<Readable> {
  const decrypter = new Decrypter();
  try {
    if ('passphrase' in key) decrypter.addPassphrase(key.passphrase);
    else for (const identity of key.identities) decrypter.addIdentity(identity);
  } catch (error) {
    throw wrongSeal('That is no identity.', error);
  }
  try {
    return fromAge(await decrypter.decrypt(toAge(source)));
  } catch (error) {
    throw new FleetError('backup.wrong-key', { field: 'from', problem: 'The archive cannot be opened with this.', cause: error });
  }
}

/** A new identity and its recipient: the recipient stays with the coordinator, the identity goes where restores are made. */
export async function newSealIdentity(): Promise<{ identity: string; recipient: string }> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}
