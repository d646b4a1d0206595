import { sha256, utf8 } from '@seedfleet/ledger';

/** Key of all directions of a run: SHA-256("seedfleet/perturbation/v1" ‖ run key). @param runKey [32] @returns [32] */
export function perturbationKey(runKey: Uint8Array): Uint8Array {
  return sha256(utf8('seedfleet/perturbation/v1'), runKey);
}

/** Key of the frozen matrices of a run: SHA-256("seedfleet/frozen/v1" ‖ run key). @param runKey [32] @returns [32] */
export function frozenKey(runKey: Uint8Array): Uint8Array {
  return sha256(utf8('seedfleet/frozen/v1'), runKey);
}

/** The 96 bits that make one stream of a key: seed (8 bytes LE) ‖ site index (4 bytes LE). @returns [12] */
export function siteNonce({ seed, site }: { seed: bigint; site: number }): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setBigUint64(0, seed, true);
  view.setUint32(8, site, true);
  return nonce;
}
