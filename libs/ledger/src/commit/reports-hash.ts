import { sha256 } from '#crypto';
import { compareBytes, concatBytes, utf8 } from '../bytes/byte-sequence.js';

const domain = utf8('seedfleet/reports/v1');
const saltBytesMin = 16;

/**
 * What a commit says about the reports that it stands on: SHA-256(domain ‖ sorted SHA-256(salt ‖ report)).
 * Sorted: the order of arrival says nothing. Salted: one device that guesses another's report cannot test its guess. An auditor to whom
 * the coordinator shows salt and reports can check them all.
 * @param salt    at least 16 bytes, drawn for this round, kept with its reports, never sent to a device
 * @param reports canonical bytes of each report, in any order
 * @returns [32]
 */
export function hashReports({ salt, reports }: { salt: Uint8Array; reports: readonly Uint8Array[] }): Uint8Array {
  if (salt.length < saltBytesMin) throw new RangeError(`the salt of a round has at least ${saltBytesMin} bytes`);
  const leaves = reports.map((report) => sha256(salt, report)).sort(compareBytes);
  return sha256(domain, concatBytes(leaves));
}
