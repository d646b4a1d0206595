import { Injectable } from '@nestjs/common';
import { bytea } from '../database/bytea.js';
import { Database } from '../database/database.js';
import { isUniqueViolation } from '../database/unique-violation.js';

export interface KnownRequest {
  requestHash: Uint8Array;
  /** null while the first request is being answered */
  answer: Uint8Array | null;
}

interface KeyOfCaller { caller: string; key: string }

/** The only Prisma of idempotency keys. */
@Injectable()
export class IdempotencyRepository {
  constructor(private readonly database: Database) {}

  /** Takes the key for a request; keys from before `oldest` are forgotten. @returns what took it earlier, or null if it is ours now */
  async claim({ caller, key }: KeyOfCaller, { requestHash, at, oldest }: { requestHash: Uint8Array; at: Date; oldest: Date }): Promise<KnownRequest | null> {
    await this.database.prisma.idempotencyKey.deleteMany({ where: { createdAt: { lt: oldest } } });
    try {
      await this.database.prisma.idempotencyKey.create({ data: { caller, key, requestHash: bytea(requestHash), createdAt: at } });
      return null;
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      return this.database.prisma.idempotencyKey.findUniqueOrThrow({ where: { caller_key: { caller, key } }, select: { requestHash: true, answer: true } });
    }
  }

  async saveAnswer({ caller, key }: KeyOfCaller, answer: Uint8Array): Promise<void> {
    await this.database.prisma.idempotencyKey.updateMany({ where: { caller, key }, data: { answer: bytea(answer) } });
  }

  async release({ caller, key }: KeyOfCaller): Promise<void> {
    await this.database.prisma.idempotencyKey.deleteMany({ where: { caller, key, answer: null } });
  }
}
