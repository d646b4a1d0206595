import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { sha256, utf8 } from '@seedfleet/ledger';
import { type Invitation, type OperatorRole, type OperatorRow } from '@seedfleet/protocol';
import { serverLimits } from '../app/limits.js';
import { requireRevision, tagOf } from '../app/revisions.js';
import { Clock, Luck } from '../app/surroundings.js';
import { type Transaction } from '../database/database.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { AccessEnds } from './access-ends.js';
import { AuditLog } from './audit-log.js';
import { OperatorRepository, type Operator } from './operator.repository.js';

/** Path of the console that a one-time link leads to. Behind the #, so that no log of a server or proxy ever sees the invitation. */
export const invitationPath = (invitation: string, { mayRename }: { mayRename: boolean }) => `/#${mayRename ? 'first-login' : 'invitation'}=${invitation}`;

/** Who operates the fleet: invites them, changes what they may, shuts them out. */
@Injectable()
export class OperatorsService {
  constructor(private readonly repository: OperatorRepository, private readonly audit: AuditLog, private readonly ends: AccessEnds, private readonly clock: Clock, private readonly luck: Luck) {}

  async list(): Promise<{ items: OperatorRow[] }> {
    return { items: (await this.repository.list()).map(toRow) };
  }

  async show(id: string): Promise<OperatorRow> {
    return toRow(await this.require(id));
  }

  async invite(actor: string, { name, role }: { name: string; role: OperatorRole }): Promise<Invitation> {
    const id = this.luck.id('op');
    return this.named(() => this.audit.change(async (tx, record) => {
      await this.repository.create({ id, name, role, at: this.clock.now() }, tx);
      await record({ actor, action: 'operator.create', subject: name, detail: { role } });
      return this.inviteWith(tx, { operator: await this.require(id, tx), mayRename: false });
    }));
  }

  /** Also ends the links before. The password stays as it is until the link is used. */
  renewInvitation(actor: string, id: string): Promise<Invitation> {
    return this.audit.change(async (tx, record) => {
      const operator = await this.require(id, tx);
      await record({ actor, action: 'operator.invite', subject: operator.name });
      return this.inviteWith(tx, { operator, mayRename: false });
    });
  }

  /** @param keep called with the invitation before it is worth anything */
  async inviteWith(tx: Transaction, { operator, mayRename, keep }: { operator: Operator; mayRename: boolean; keep?: (invitation: string) => void }): Promise<Invitation> {
    const invitation = `sfi_${Buffer.from(this.luck.bytes(32)).toString('base64url')}`;
    keep?.(invitation);
    const at = this.clock.now();
    const expiresAt = new Date(at.getTime() + serverLimits.invitationSeconds * 1000);
    await this.repository.createInvitation({ id: this.luck.id('inv'), operatorId: operator.id, hash: sha256(utf8(invitation)), mayRename, at, expiresAt }, tx);
    return { operator: toRow(operator), invitation, path: invitationPath(invitation, { mayRename }), expiresAt: expiresAt.toISOString() };
  }

  async changeRole(actor: string, id: string, role: OperatorRole, expected: string | null = null): Promise<OperatorRow> {
    const changed = await this.audit.change(async (tx, record) => {
      const operator = await this.require(id, tx);
      requireRevision(expected, tagOf(operatorParts(toRow(operator))));
      if (role !== 'admin') await this.requireAnotherAdmin(operator, tx);
      await this.repository.update(id, { role }, tx);
      await record({ actor, action: 'operator.change-role', subject: operator.name, detail: { from: operator.role, to: role } });
      return toRow(await this.require(id, tx));
    });
    this.accessEnded(id);
    return changed;
  }

  /** Connections that are open for an operator have to be let in anew. */
  accessEnded(id: string): void {
    this.ends.of(id);
  }

  /** At once: sessions end, tokens are looked up together with their operator. */
  async disable(actor: string, id: string, expected: string | null = null): Promise<OperatorRow> {
    const disabled = await this.audit.change(async (tx, record) => {
      const operator = await this.require(id, tx);
      requireRevision(expected, tagOf(operatorParts(toRow(operator))));
      if (operator.disabledAt !== null) return toRow(operator);
      await this.requireAnotherAdmin(operator, tx);
      await this.repository.update(id, { disabledAt: this.clock.now() }, tx);
      await this.repository.endSessions(id, tx);
      await record({ actor, action: 'operator.disable', subject: operator.name });
      return toRow(await this.require(id, tx));
    });
    this.accessEnded(id);
    return disabled;
  }

  enable(actor: string, id: string, expected: string | null = null): Promise<OperatorRow> {
    return this.audit.change(async (tx, record) => {
      const operator = await this.require(id, tx);
      requireRevision(expected, tagOf(operatorParts(toRow(operator))));
      if (operator.disabledAt === null) return toRow(operator);
      await this.repository.update(id, { disabledAt: null }, tx);
      await record({ actor, action: 'operator.enable', subject: operator.name });
      return toRow(await this.require(id, tx));
    });
  }

  /** @throws FleetError `operator.name-taken` where a name is there already */
  async named<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isUniqueViolation(error)) throw new FleetError('operator.name-taken', { field: 'name', problem: 'There is an operator of this name already.' });
      throw error;
    }
  }

  private async requireAnotherAdmin({ id, role, disabledAt }: Operator, tx: Transaction): Promise<void> {
    if (role !== 'admin' || disabledAt !== null) return;
    if (await this.repository.countOtherAdmins(id, tx) === 0) throw new FleetError('operator.last-admin', { field: 'id', problem: 'This is the only admin that is not disabled.' });
  }

  private async require(id: string, tx?: Transaction): Promise<Operator> {
    const operator = await this.repository.find(id, tx);
    if (operator === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such operator.' });
    return operator;
  }
}

/** What of an operator a request may change: what its ETag is made of. */
export const operatorParts = ({ name, role, disabledAt }: OperatorRow): unknown => [name, role, disabledAt];

function toRow({ id, name, role, createdAt, disabledAt, passwordHash, subject }: Operator): OperatorRow {
  return { id, name, role, createdAt: createdAt.toISOString(), disabledAt: disabledAt?.toISOString() ?? null, hasPassword: passwordHash !== null, hasIdentity: subject !== null };
}
