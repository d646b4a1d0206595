import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { sha256, utf8 } from '@seedfleet/ledger';
import { type OperatorSession } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { serverLimits } from '../app/limits.js';
import { Clock, Luck } from '../app/surroundings.js';
import { type Transaction } from '../database/database.js';
import { AccessRepository, type Admitted } from './access.repository.js';
import { AuditLog } from './audit-log.js';
import { FirstLogin } from './first-login.js';
import { OperatorRepository, type Operator } from './operator.repository.js';
import { OperatorsService } from './operators.service.js';
import { PasswordHasher } from './password-hasher.js';
import { crossSiteProofOf } from './session-cookie.js';
import { SignInLock } from './sign-in-lock.js';

/** A new session: what the cookie carries, and what the answer says. */
export interface SignedIn {
  secret: string;
  session: OperatorSession;
}

/** Operators as people: a password, then a session of twelve hours. */
@Injectable()
export class SignInService {
  constructor(
    private readonly operators: OperatorRepository,
    private readonly access: AccessRepository,
    private readonly accounts: OperatorsService,
    private readonly passwords: PasswordHasher,
    private readonly lock: SignInLock,
    private readonly firstLogin: FirstLogin,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  /** @throws FleetError `login.wrong`, `login.locked` */
  async signIn({ name, password }: InputOf<'createSession'>['body']): Promise<SignedIn> {
    this.lock.take(name);
    const operator = await this.operators.findByName(name);
    const right = await this.passwords.verify(password, operator?.disabledAt === null ? operator.passwordHash : null);
    if (operator === null || !right) throw new FleetError('login.wrong', { problem: 'Name and password do not belong together.' });
    this.lock.forgive(name);
    return this.audit.change(async (tx, record) => {
      await record({ actor: operator.name, action: 'session.create', subject: operator.name });
      return this.open(operator, tx);
    });
  }

  /** Sets the password, ends every session that was opened with the one before, and opens one. @throws FleetError `invitation.unusable`, `operator.name-taken` */
  async accept({ invitation, name, password }: InputOf<'acceptInvitation'>['body']): Promise<SignedIn> {
    const found = await this.operators.findInvitation(sha256(utf8(invitation)), this.clock.now());
    if (found === null) throw unusable();
    const operator = { ...found.operator, name: found.mayRename ? name ?? found.operator.name : found.operator.name };
    const passwordHash = await this.passwords.hash(password);
    const signedIn = await this.accounts.named(() => this.audit.change(async (tx, record) => {
      if (!await this.operators.useInvitation(found.id, this.clock.now(), tx)) throw unusable();
      await this.operators.update(operator.id, { name: operator.name, passwordHash }, tx);
      await this.operators.endSessions(operator.id, tx);
      await record({ actor: operator.name, action: 'operator.set-password', subject: operator.name, detail: { before: found.operator.name } });
      return this.open(operator, tx);
    }));
    this.accounts.accessEnded(operator.id);
    this.lock.forgive(operator.name);
    if (found.mayRename) this.firstLogin.forget();
    return signedIn;
  }

  /** The session of a cookie, if it is one and its operator may still come in. */
  async find(secret: string): Promise<(Admitted & { until: Date }) | null> {
    return this.access.findBySession(sha256(utf8(secret)), this.clock.now());
  }

  async describe(secret: string | null): Promise<OperatorSession | null> {
    const found = secret === null ? null : await this.find(secret);
    if (secret === null || found === null) return null;
    return { name: found.name, role: found.role, crossSiteProof: crossSiteProofOf(secret), expiresAt: found.until.toISOString() };
  }

  async signOut(actor: string, secret: string): Promise<void> {
    const session = await this.find(secret);
    await this.audit.change(async (tx, record) => {
      await this.access.deleteSession(sha256(utf8(secret)), tx);
      await record({ actor, action: 'session.delete', subject: actor });
    });
    if (session !== null) this.accounts.accessEnded(session.id);
  }

  /** A session of somebody whose proof has been checked. */
  async open({ id, name, role }: Operator, tx: Transaction): Promise<SignedIn> {
    const secret = Buffer.from(this.luck.bytes(32)).toString('base64url');
    const at = this.clock.now();
    const expiresAt = new Date(at.getTime() + serverLimits.operatorSessionSeconds * 1000);
    await this.access.createSession({ id: this.luck.id('ses'), operatorId: id, hash: sha256(utf8(secret)), at, expiresAt }, tx);
    return { secret, session: { name, role, crossSiteProof: crossSiteProofOf(secret), expiresAt: expiresAt.toISOString() } };
  }
}

function unusable(): FleetError {
  return new FleetError('invitation.unusable', { field: 'invitation', problem: 'This link is unknown, used already, or expired.' });
}
