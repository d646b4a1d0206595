import { ByteWriter, utf8 } from '@seedfleet/ledger';
import { type SavedReport } from './round.repository.js';

/**
 * Canonical bytes of one report, as they enter a commit's hash of reports: u32 round, u32 attempt, u32 group, u32 examples, u32 q,
 * q float32 LE, the device id in UTF-8. An auditor who is shown the table of reports can form them again.
 */
export function reportBytes({ round, attempt, report: { device, group, examples, differences } }: { round: number; attempt: number; report: SavedReport }): Uint8Array {
  const block = new Uint8Array(differences.length * 4);
  const view = new DataView(block.buffer);
  differences.forEach((difference, index) => view.setFloat32(index * 4, difference, true));
  return new ByteWriter().u32(round).u32(attempt).u32(group).u32(examples).u32(differences.length).bytes(block).bytes(utf8(device)).finish();
}
