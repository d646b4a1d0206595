import { Injectable } from '@nestjs/common';
import { operatorRole, type OperatorRole } from '@seedfleet/protocol';
import { bytea } from '../database/bytea.js';
import { Database } from '../database/database.js';

export interface Operator {
  name: string;
  role: OperatorRole;
}

/** The only Prisma of operators and their API tokens. */
@Injectable()
export class OperatorRepository {
  constructor(private readonly database: Database) {}

  count(): Promise<number> {
    return this.database.prisma.operator.count();
  }

  async create({ id, tokenId, name, role, tokenHash, at }: { id: string; tokenId: string; name: string; role: OperatorRole; tokenHash: Uint8Array; at: Date }): Promise<void> {
    await this.database.prisma.operator.create({
      data: { id, name, role, createdAt: at, tokens: { create: { id: tokenId, name: 'first', hash: bytea(tokenHash), createdAt: at } } },
    });
  }

  /** Whose token this is, if it may still be used. */
  async findByToken(hash: Uint8Array, at: Date): Promise<Operator | null> {
    const token = await this.database.prisma.apiToken.findFirst({
      where: { hash: bytea(hash), revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: at } }] },
      select: { operator: { select: { name: true, role: true } } },
    });
    return token === null ? null : { name: token.operator.name, role: operatorRole.parse(token.operator.role) };
  }
}
