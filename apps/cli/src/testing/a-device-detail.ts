import { type DeviceDetail } from '@seedfleet/protocol';

/** A device with everything that is known of one. */
export const aDeviceDetail = (changes: Partial<DeviceDetail> = {}): DeviceDetail => ({
  id: 'dev_1', name: 'kitchen', state: 'active', online: true, fingerprint: '00-11', workerVersion: '0.1.0', platform: 'linux-x64', lastSeenAt: '2026-11-25T10:00:00.000Z', enrolledAt: '2026-11-25T09:00:00.000Z',
  tags: ['lab'], threads: 2, memoryMegabytes: 16_000, forwardMs: 12.5, peakMegabytes: 310, clonedAt: null, keySince: '2026-11-25T09:00:00.000Z', formerKeys: [], statement: null, lastError: null,
  checks: { ping: null, resync: null, doctor: null }, ...changes,
});
