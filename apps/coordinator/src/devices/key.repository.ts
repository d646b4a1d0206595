import { Injectable } from '@nestjs/common';
import { bytea } from '../database/bytea.js';
import { Database, type Transaction } from '../database/database.js';

/** How a device came to its present key, when it had one before. */
export type KeyChange = 'rotated' | 're-enrolled';
export interface FormerKeyRow { publicKey: Uint8Array; since: Date; until: Date; cause: string }

/** The only Prisma of the keys that devices had. */
@Injectable()
export class KeyRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async former(deviceId: string): Promise<FormerKeyRow[]> {
    return this.database.prisma.formerKey.findMany({ where: { deviceId }, orderBy: { until: 'desc' }, select: { publicKey: true, since: true, until: true, cause: true } });
  }

  async isFormer(publicKey: Uint8Array, tx: Transaction): Promise<boolean> {
    return await tx.formerKey.count({ where: { publicKey: bytea(publicKey) } }) > 0;
  }

  /**
   * The old key becomes a former one, the new one is the device's: credentials of the old generation are refused from here on.
   * @returns false if the device has another key than `from` by now
   */
  async replace({ device, from, to, at, cause, tokenId }: { device: string; from: Uint8Array; to: Uint8Array; at: Date; cause: KeyChange; tokenId?: string }, tx: Transaction): Promise<boolean> {
    const row = await tx.device.findUnique({ where: { id: device, publicKey: bytea(from) }, select: { keySince: true, enrolledAt: true } });
    if (row === null) return false;
    await tx.formerKey.create({ data: { publicKey: bytea(from), deviceId: device, since: row.keySince ?? row.enrolledAt, until: at, cause } });
    await tx.device.update({
      where: { id: device },
      data: { publicKey: bytea(to), keyGeneration: { increment: 1 }, keySince: at, clonedAt: null, ...(tokenId === undefined ? {} : { enrolmentTokenId: tokenId }) },
    });
    return true;
  }
}
