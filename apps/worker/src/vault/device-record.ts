import { FleetError } from '@seedfleet/errors';
import { hex64 } from '@seedfleet/ledger';
import { z } from 'zod';
import { readFileIfThere, writeFileAtomically } from './atomic-file.js';

/** What a device knows about itself and its coordinator after enrolment; device.json. The key is pinned: it never changes by itself. */
export const deviceRecordSchema = z.strictObject({
  format: z.literal('seedfleet/device/v1'),
  url: z.url(),
  device: z.string().min(1),
  coordinatorKey: hex64,
  name: z.string(),
  protocol: z.int().min(1),
});

export type DeviceRecord = z.infer<typeof deviceRecordSchema>;

/** @throws FleetError `vault.missing` where nothing is, `vault.damaged` where it does not read as a device */
export function readDeviceRecord(path: string): DeviceRecord {
  const bytes = readFileIfThere(path);
  if (bytes === null) throw new FleetError('vault.missing', { problem: `There is no device in this folder: ${path} does not exist.` });
  try {
    return deviceRecordSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw new FleetError('vault.damaged', { problem: `${path} cannot be read as a device record.`, cause });
  }
}

export function writeDeviceRecord(path: string, record: DeviceRecord): void {
  writeFileAtomically(path, `${JSON.stringify(record, null, 2)}\n`);
}
