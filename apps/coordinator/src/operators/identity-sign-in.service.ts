import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { toHex } from '@seedfleet/ledger';
import { type OperatorRole } from '@seedfleet/protocol';
import { Clock, Luck } from '../app/surroundings.js';
import { type Transaction } from '../database/database.js';
import { AuditLog, type AuditAction } from './audit-log.js';
import { type IdentityAttempt } from './identity-attempt.js';
import { namesOf, roleOfClaims, type IdentityClaims } from './identity-claims.js';
import { IdentityProvider } from './identity-provider.js';
import { OperatorRepository, type Identity, type Operator } from './operator.repository.js';
import { OperatorsService } from './operators.service.js';
import { SignInService, type SignedIn } from './sign-in.service.js';

/** Operators whom an identity provider vouches for: made at their first sign-in, with the role that the provider's claims give each time. */
@Injectable()
export class IdentitySignInService {
  constructor(
    private readonly provider: IdentityProvider,
    private readonly operators: OperatorRepository,
    private readonly accounts: OperatorsService,
    private readonly sessions: SignInService,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  /** @throws FleetError `identity.*` */
  async signIn(attempt: IdentityAttempt, answer: URL): Promise<SignedIn> {
    const claims = await this.provider.claimsOf(attempt, answer);
    const { issuer } = this.provider.requireKnown();
    const known = await this.operators.findByIdentity({ issuer, subject: claims.sub });
    if (known !== null && known.disabledAt !== null) throw new FleetError('identity.not-allowed', { problem: 'This operator is disabled.' });
    const role = await this.roleOf(claims, known);
    const name = known?.name ?? await this.freeName(claims);
    const signedIn = await this.accounts.named(() => this.audit.change(async (tx, record) => {
      const operator = known === null ? await this.create({ name, role, identity: { issuer, subject: claims.sub } }, { tx, record }) : await this.follow(known, role, { tx, record });
      await record({ actor: operator.name, action: 'session.create', subject: operator.name, detail: { by: 'identity-provider' } });
      return this.sessions.open(operator, tx);
    }));
    if (known !== null && known.role !== role) this.accounts.accessEnded(known.id);
    return signedIn;
  }

  /** Whom the provider no longer vouches for as anybody here is out, too. */
  private async roleOf(claims: IdentityClaims, known: Operator | null): Promise<OperatorRole> {
    try {
      return roleOfClaims(claims, this.provider.requireKnown());
    } catch (refusal) {
      if (known !== null) {
        await this.audit.change(async (tx, record) => {
          await this.operators.endSessions(known.id, tx);
          await record({ actor: 'coordinator', action: 'operator.refuse', subject: known.name, detail: { by: 'identity-provider' } });
        });
        this.accounts.accessEnded(known.id);
      }
      throw refusal;
    }
  }

  /** Never becomes an operator who is there already: a name at the provider proves nothing about a name here. */
  private async create({ name, role, identity }: { name: string; role: OperatorRole; identity: Identity }, { tx, record }: Change): Promise<Operator> {
    const id = this.luck.id('op');
    await this.operators.create({ id, name, role, at: this.clock.now(), identity }, tx);
    await record({ actor: 'coordinator', action: 'operator.create', subject: name, detail: { role, by: 'identity-provider' } });
    return this.require(id, tx);
  }

  private async follow(known: Operator, role: OperatorRole, { tx, record }: Change): Promise<Operator> {
    if (known.role === role) return known;
    await this.operators.update(known.id, { role }, tx);
    await record({ actor: 'coordinator', action: 'operator.change-role', subject: known.name, detail: { from: known.role, to: role, by: 'identity-provider' } });
    return this.require(known.id, tx);
  }

  private async freeName(claims: IdentityClaims): Promise<string> {
    const names = namesOf(claims);
    for (const name of names) if (await this.operators.findByName(name) === null) return name;
    return `${names[0]?.slice(0, 50) ?? 'operator'} ${toHex(this.luck.bytes(4))}`;
  }

  private async require(id: string, tx: Transaction): Promise<Operator> {
    const operator = await this.operators.find(id, tx);
    if (operator === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such operator.' });
    return operator;
  }
}

interface Change {
  tx: Transaction;
  record: (action: AuditAction) => Promise<void>;
}
