import { Injectable } from '@nestjs/common';
import { operatorRole, operatorRoles, type OperatorRole } from '@seedfleet/protocol';
import { bytea } from '../database/bytea.js';
import { Database, type Transaction } from '../database/database.js';

/** An operator as a token or a session lets them in. */
export interface Admitted {
  id: string;
  name: string;
  role: OperatorRole;
  /** when what let them in ends */
  until: Date | null;
}

export interface ApiTokenRow {
  id: string;
  name: string;
  operatorId: string;
  operatorName: string;
  role: OperatorRole;
  createdAt: Date;
  expiresAt: Date | null;
}

const owner = { select: { id: true, name: true, role: true } } as const;
const notExpired = (at: Date) => [{ expiresAt: null }, { expiresAt: { gt: at } }];

/** The lesser of what the operator is and what the token was scoped to. */
function leastRole(operator: string, scope: string | null): OperatorRole {
  const ranks = [operator, scope ?? operator].map((role) => operatorRoles.indexOf(operatorRole.parse(role)));
  return operatorRoles[Math.min(...ranks)] ?? 'viewer';
}

/** The only Prisma of what lets operators in: API tokens and sessions, both by SHA-256. */
@Injectable()
export class AccessRepository {
  constructor(private readonly database: Database) {}

  async findByToken(hash: Uint8Array, at: Date): Promise<Admitted | null> {
    const token = await this.database.prisma.apiToken.findFirst({
      where: { hash: bytea(hash), revokedAt: null, OR: notExpired(at), operator: { disabledAt: null } }, select: { role: true, expiresAt: true, operator: owner },
    });
    return token === null ? null : { id: token.operator.id, name: token.operator.name, role: leastRole(token.operator.role, token.role), until: token.expiresAt };
  }

  async findBySession(hash: Uint8Array, at: Date): Promise<(Admitted & { until: Date }) | null> {
    const session = await this.database.prisma.operatorSession.findFirst({
      where: { hash: bytea(hash), expiresAt: { gt: at }, operator: { disabledAt: null } }, select: { expiresAt: true, operator: owner },
    });
    return session === null ? null : { id: session.operator.id, name: session.operator.name, role: operatorRole.parse(session.operator.role), until: session.expiresAt };
  }

  async createToken({ id, operatorId, name, role, hash, at, expiresAt }: { id: string; operatorId: string; name: string; role: OperatorRole | null; hash: Uint8Array; at: Date; expiresAt: Date | null }, tx: Transaction): Promise<void> {
    await tx.apiToken.create({ data: { id, operatorId, name, role, hash: bytea(hash), createdAt: at, expiresAt } });
  }

  /** @param operatorId null: of everybody */
  async listTokens(operatorId: string | null): Promise<ApiTokenRow[]> {
    const rows = await this.database.prisma.apiToken.findMany({
      where: { revokedAt: null, ...(operatorId === null ? {} : { operatorId }) }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      select: { id: true, name: true, role: true, createdAt: true, expiresAt: true, operator: owner },
    });
    return rows.map(({ operator, role, ...row }) => ({ ...row, operatorId: operator.id, operatorName: operator.name, role: leastRole(operator.role, role) }));
  }

  /** @param operatorId null: whoever's it is @returns whose token it was; null: there was none */
  async revokeToken({ id, operatorId, at }: { id: string; operatorId: string | null; at: Date }, tx: Transaction): Promise<string | null> {
    const [revoked] = await tx.apiToken.updateManyAndReturn({ where: { id, revokedAt: null, ...(operatorId === null ? {} : { operatorId }) }, data: { revokedAt: at }, select: { operatorId: true } });
    return revoked?.operatorId ?? null;
  }

  /** Sessions that have ended go out on the way. */
  async createSession({ id, operatorId, hash, at, expiresAt }: { id: string; operatorId: string; hash: Uint8Array; at: Date; expiresAt: Date }, tx: Transaction): Promise<void> {
    await tx.operatorSession.deleteMany({ where: { expiresAt: { lte: at } } });
    await tx.operatorSession.create({ data: { id, operatorId, hash: bytea(hash), createdAt: at, expiresAt } });
  }

  async deleteSession(hash: Uint8Array, tx: Transaction): Promise<void> {
    await tx.operatorSession.deleteMany({ where: { hash: bytea(hash) } });
  }
}
