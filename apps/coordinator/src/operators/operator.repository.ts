import { Injectable } from '@nestjs/common';
import { operatorRole, type OperatorRole } from '@seedfleet/protocol';
import { bytea } from '../database/bytea.js';
import { Database, type Transaction } from '../database/database.js';

export interface Operator {
  id: string;
  name: string;
  role: OperatorRole;
  createdAt: Date;
  disabledAt: Date | null;
  passwordHash: string | null;
  /** subject at the identity provider */
  subject: string | null;
}

/** Who somebody is at an identity provider. */
export interface Identity {
  issuer: string;
  subject: string;
}

const columns = { id: true, name: true, role: true, createdAt: true, disabledAt: true, passwordHash: true, subject: true } as const;
const toOperator = <R extends { role: string }>(row: R) => ({ ...row, role: operatorRole.parse(row.role) });

/** The only Prisma of operators. */
@Injectable()
export class OperatorRepository {
  constructor(private readonly database: Database) {}

  count(): Promise<number> {
    return this.database.prisma.operator.count();
  }

  async list(): Promise<Operator[]> {
    return (await this.database.prisma.operator.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], select: columns })).map(toOperator);
  }

  async find(id: string, tx: Transaction = this.database.prisma): Promise<Operator | null> {
    const row = await tx.operator.findUnique({ where: { id }, select: columns });
    return row === null ? null : toOperator(row);
  }

  async findByName(name: string): Promise<Operator | null> {
    const row = await this.database.prisma.operator.findUnique({ where: { name }, select: columns });
    return row === null ? null : toOperator(row);
  }

  async findByIdentity(identity: Identity): Promise<Operator | null> {
    const row = await this.database.prisma.operator.findUnique({ where: { issuer_subject: identity }, select: columns });
    return row === null ? null : toOperator(row);
  }

  async create({ id, name, role, at, identity }: { id: string; name: string; role: OperatorRole; at: Date; identity?: Identity }, tx: Transaction): Promise<void> {
    await tx.operator.create({ data: { id, name, role, createdAt: at, ...identity } });
  }

  async update(id: string, change: { name?: string; role?: OperatorRole; disabledAt?: Date | null; passwordHash?: string }, tx: Transaction): Promise<void> {
    await tx.operator.update({ where: { id }, data: change });
  }

  /** How many may manage operators, besides this one. */
  countOtherAdmins(id: string, tx: Transaction): Promise<number> {
    return tx.operator.count({ where: { role: 'admin', disabledAt: null, id: { not: id } } });
  }

  async endSessions(operatorId: string, tx: Transaction): Promise<void> {
    await tx.operatorSession.deleteMany({ where: { operatorId } });
  }

  /** Of which older ones end. */
  async createInvitation({ id, operatorId, hash, mayRename, at, expiresAt }: { id: string; operatorId: string; hash: Uint8Array; mayRename: boolean; at: Date; expiresAt: Date }, tx: Transaction): Promise<void> {
    await tx.invitation.updateMany({ where: { operatorId, usedAt: null }, data: { usedAt: at } });
    await tx.invitation.create({ data: { id, operatorId, hash: bytea(hash), mayRename, createdAt: at, expiresAt } });
  }

  /** An invitation that may still be used, and whose. */
  async findInvitation(hash: Uint8Array, at: Date): Promise<{ id: string; mayRename: boolean; operator: Operator } | null> {
    const row = await this.database.prisma.invitation.findFirst({
      where: { hash: bytea(hash), usedAt: null, expiresAt: { gt: at }, operator: { disabledAt: null } },
      select: { id: true, mayRename: true, operator: { select: columns } },
    });
    return row === null ? null : { ...row, operator: toOperator(row.operator) };
  }

  hasOpenInvitation(operatorId: string, at: Date): Promise<boolean> {
    return this.database.prisma.invitation.count({ where: { operatorId, usedAt: null, expiresAt: { gt: at } } }).then((count) => count > 0);
  }

  /** @returns false if somebody else has used it meanwhile */
  async useInvitation(id: string, at: Date, tx: Transaction): Promise<boolean> {
    const { count } = await tx.invitation.updateMany({ where: { id, usedAt: null, operator: { disabledAt: null } }, data: { usedAt: at } });
    return count > 0;
  }
}
