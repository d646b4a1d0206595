import { Injectable } from '@nestjs/common';
import { type DeviceState } from '@seedfleet/protocol';
import { bytea } from '../database/bytea.js';
import { Database, type Transaction } from '../database/database.js';

export interface EnrolmentTokenRow {
  id: string;
  name: string | null;
  createdAt: Date;
  expiresAt: Date;
  usesMax: number;
  uses: number;
  approval: boolean;
  revokedAt: Date | null;
  /** static group that its devices go into */
  groupId: string | null;
  /** the wiped device that comes back with it */
  returning: string | null;
}

export interface NewDevice {
  id: string;
  name: string;
  publicKey: Uint8Array;
  state: DeviceState;
  enrolledAt: Date;
}

const columns = { id: true, name: true, createdAt: true, expiresAt: true, usesMax: true, uses: true, approval: true, revokedAt: true, groupId: true, returning: true } as const;

/** The only Prisma of enrolment tokens, and of devices coming in through them. */
@Injectable()
export class EnrolmentRepository {
  constructor(private readonly database: Database) {}

  async create(token: Omit<EnrolmentTokenRow, 'uses' | 'revokedAt'> & { hash: Uint8Array }, tx: Transaction): Promise<EnrolmentTokenRow> {
    return tx.enrolmentToken.create({ data: { ...token, hash: bytea(token.hash) }, select: columns });
  }

  listOpen(): Promise<EnrolmentTokenRow[]> {
    return this.database.prisma.enrolmentToken.findMany({ where: { revokedAt: null }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], select: columns });
  }

  /** @returns whether there was such a token */
  async revoke(id: string, at: Date, tx: Transaction): Promise<boolean> {
    const { count } = await tx.enrolmentToken.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
    return count > 0;
  }

  findByHash(hash: Uint8Array): Promise<EnrolmentTokenRow | null> {
    return this.database.prisma.enrolmentToken.findUnique({ where: { hash: bytea(hash) }, select: columns });
  }

  /** The device that came in with this key through this token, if any. */
  findEnrolled({ publicKey, tokenId }: { publicKey: Uint8Array; tokenId: string }): Promise<{ id: string; name: string; state: string } | null> {
    return this.database.prisma.device.findFirst({ where: { publicKey: bytea(publicKey), enrolmentTokenId: tokenId }, select: { id: true, name: true, state: true } });
  }

  /**
   * Takes one use of the token and makes the device.
   * @returns false if the last use was taken meanwhile
   */
  async enrol(device: NewDevice, tokenId: string, tx: Transaction): Promise<boolean> {
    if (!await this.takeUse(tokenId, tx)) return false;
    await tx.device.create({ data: { ...device, publicKey: bytea(device.publicKey), enrolmentTokenId: tokenId } });
    const { groupId } = await tx.enrolmentToken.findUniqueOrThrow({ where: { id: tokenId }, select: { groupId: true } });
    if (groupId !== null) await tx.groupMember.create({ data: { groupId, deviceId: device.id } });
    return true;
  }

  /** @returns false if the last use was taken meanwhile */
  async takeUse(tokenId: string, tx: Transaction): Promise<boolean> {
    const { count } = await tx.enrolmentToken.updateMany({
      where: { id: tokenId, revokedAt: null, uses: { lt: this.database.prisma.enrolmentToken.fields.usesMax } }, data: { uses: { increment: 1 } } });
    return count > 0;
  }
}
