import { concatBytes, sha256, utf8 } from '@seedfleet/ledger';

/**
 * 32-bit numbers that depend on the salt, a purpose and a count only: the same after a restart, other on every device.
 * Block k of a draw is SHA-256(key ‖ k), read as eight u32 LE; the key is SHA-256(salt ‖ purpose ‖ count).
 * @returns [length] uint32
 */
export function drawWords({ salt, purpose, count, length }: { salt: Uint8Array; purpose: string; count: number; length: number }): Uint32Array {
  const key = sha256(concatBytes([salt, utf8(`seedfleet/batches/v1/${purpose}/${count}`)]));
  const words = new Uint32Array(length);
  for (let i = 0; i < length; i += 8) {
    const block = sha256(concatBytes([key, utf8(String(i))]));
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    for (let j = 0; j < 8 && i + j < length; j++) words[i + j] = view.getUint32(4 * j, true);
  }
  return words;
}
