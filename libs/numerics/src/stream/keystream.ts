import { FleetError } from '@seedfleet/errors';
import { blockStream } from '#stream';

const blockBytes = 64;
/** The last counter value is left unused: implementations disagree about what follows it. */
const blocksMax = 2 ** 32 - 1;

/**
 * The first `length` bytes of the ChaCha20 stream (RFC 8439, section 2.4), the same on every platform.
 * @param request.key     [32]
 * @param request.nonce   [12]
 * @param request.counter number of the first 64-byte block; 0 unless given
 * @param request.length  bytes
 * @throws FleetError `numerics.length`
 */
export function keystream({ key, nonce, counter = 0, length }: { key: Uint8Array; nonce: Uint8Array; counter?: number; length: number }): Uint8Array {
  if (key.length !== 32) throw new FleetError('numerics.length', { field: 'key', problem: `The key has ${key.length} bytes, ChaCha20 takes 32.` });
  if (nonce.length !== 12) throw new FleetError('numerics.length', { field: 'nonce', problem: `The nonce has ${nonce.length} bytes, RFC 8439 takes 12.` });
  if (!Number.isInteger(length) || length < 0 || counter + Math.ceil(length / blockBytes) > blocksMax) {
    throw new FleetError('numerics.length', { field: 'length', problem: `A stream of ${length} bytes from block ${counter} does not fit 32 bits of counter.` });
  }
  return blockStream({ key, nonce, counter, length });
}
