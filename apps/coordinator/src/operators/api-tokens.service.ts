import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { sha256, utf8 } from '@seedfleet/ledger';
import { operatorRoles, type ApiToken, type ResponseOf } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { Clock, Luck } from '../app/surroundings.js';
import { AccessEnds } from './access-ends.js';
import { AccessRepository, type Admitted, type ApiTokenRow } from './access.repository.js';
import { AuditLog } from './audit-log.js';

export const apiTokenPrefix = 'sft_';

/** API tokens of operators: 256 random bits each, of which only the SHA-256 is kept. */
@Injectable()
export class ApiTokensService {
  constructor(private readonly repository: AccessRepository, private readonly audit: AuditLog, private readonly ends: AccessEnds, private readonly clock: Clock, private readonly luck: Luck) {}

  newToken(): string {
    return `${apiTokenPrefix}${Buffer.from(this.luck.bytes(32)).toString('base64url')}`;
  }

  /** No token is worth more, or lasts longer, than the token that made it. @throws FleetError `operator.forbidden` */
  async create(caller: Admitted & { isSession: boolean }, { name, role = caller.role, expiresInSeconds }: InputOf<'createApiToken'>['body']): Promise<ResponseOf<'createApiToken'>> {
    if (operatorRoles.indexOf(role) > operatorRoles.indexOf(caller.role)) throw new FleetError('operator.forbidden', { field: 'role', problem: `A caller who is ${caller.role} cannot make a token that is ${role}.` });
    const at = this.clock.now();
    const expiresAt = new Date(at.getTime() + expiresInSeconds * 1000);
    if (!caller.isSession && caller.until !== null && expiresAt > caller.until) {
      throw new FleetError('operator.forbidden', { field: 'expiresInSeconds', problem: `The token of this request ends at ${caller.until.toISOString()}: it cannot make one that lasts longer.`, fix: 'Ask for less time, or sign in with your password.' });
    }
    const token = this.newToken();
    const id = this.luck.id('key');
    await this.audit.change(async (tx, record) => {
      await this.repository.createToken({ id, operatorId: caller.id, name, role, hash: sha256(utf8(token)), at, expiresAt }, tx);
      await record({ actor: caller.name, action: 'api-token.create', subject: id, detail: { name, role, expiresAt: expiresAt.toISOString() } });
    });
    return { id, name, operator: caller.name, role, createdAt: at.toISOString(), expiresAt: expiresAt.toISOString(), token };
  }

  async list(caller: Admitted): Promise<{ items: ApiToken[] }> {
    return { items: (await this.repository.listTokens(reachOf(caller))).map(toToken) };
  }

  async revoke(caller: Admitted, id: string): Promise<void> {
    const owner = await this.audit.change(async (tx, record) => {
      const operator = await this.repository.revokeToken({ id, operatorId: reachOf(caller), at: this.clock.now() }, tx);
      if (operator === null) throw new FleetError('request.not-found', { field: 'id', problem: 'You have no such API token.' });
      await record({ actor: caller.name, action: 'api-token.revoke', subject: id });
      return operator;
    });
    this.ends.of(owner);
  }

  /** @throws FleetError `operator.unauthenticated` */
  async authenticate(token: string): Promise<Admitted> {
    const admitted = token.startsWith(apiTokenPrefix) ? await this.repository.findByToken(sha256(utf8(token)), this.clock.now()) : null;
    if (admitted === null) throw new FleetError('operator.unauthenticated', { field: 'Authorization', problem: 'The API token is unknown, expired or revoked.' });
    return admitted;
  }
}

/** Whose tokens the caller deals with; null: everybody's. */
function reachOf({ id, role }: Admitted): string | null {
  return role === 'admin' ? null : id;
}

function toToken({ id, name, operatorName, role, createdAt, expiresAt }: ApiTokenRow): ApiToken {
  return { id, name, operator: operatorName, role, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
}
