import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { concatBytes, fromHex, sha256, toHex, utf8, verify } from '@seedfleet/ledger';
import { deviceStates, enrolmentContext, type Enrolment, type EnrolmentToken, type NewEnrolmentToken } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { StateConflictError } from '../app/state-conflict-error.js';
import { Clock, Luck } from '../app/surroundings.js';
import { type Transaction } from '../database/database.js';
import { isUniqueViolation } from '../database/unique-violation.js';
import { DeviceKeys } from '../devices/device-keys.js';
import { DeviceRepository } from '../devices/device.repository.js';
import { fingerprintOf } from '../devices/fingerprint.js';
import { KeyRing } from '../keys/key-ring.js';
import { GroupRepository } from '../groups/group.repository.js';
import { AuditLog } from '../operators/audit-log.js';
import { EnrolmentRepository, type EnrolmentTokenRow, type NewDevice } from './enrolment.repository.js';

/** How devices come in: an operator's token, then a proof that the device holds the key it brings. */
@Injectable()
export class EnrolmentService {
  constructor(
    private readonly repository: EnrolmentRepository,
    private readonly groups: GroupRepository,
    private readonly devices: DeviceRepository,
    private readonly deviceKeys: DeviceKeys,
    private readonly audit: AuditLog,
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  /** A token that lets one wiped device back in under its old name. @throws FleetError `state.transition` of a revoked device: its name does not come back */
  async createReturnToken(operator: string, id: string, { expiresInSeconds }: InputOf<'createReturnToken'>['body']): Promise<NewEnrolmentToken> {
    const device = await this.devices.find(id);
    if (device === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such device.' });
    if (device.state === 'revoked') throw new StateConflictError('revoked', 'A revoked device does not come back; enrol it as a new one.');
    const token = this.newToken();
    const createdAt = this.clock.now();
    const row = await this.audit.change(async (tx, record) => {
      const made = await this.repository.create({
        id: this.luck.id('tok'), name: device.name, hash: sha256(utf8(token)), createdAt,
        expiresAt: new Date(createdAt.getTime() + expiresInSeconds * 1000), usesMax: 1, approval: false, groupId: null, returning: id,
      }, tx);
      await record({ actor: operator, action: 'device.re-enrol', subject: id, detail: { token: made.id } });
      return made;
    });
    return { ...toToken(row), token };
  }

  async createToken(operator: string, { name, expiresInSeconds, usesMax, approval, group }: InputOf<'createEnrolmentToken'>['body']): Promise<NewEnrolmentToken> {
    const token = this.newToken();
    const createdAt = this.clock.now();
    const row = await this.audit.change(async (tx, record) => {
      if (group !== undefined) await this.requireStaticGroup(group, tx);
      const made = await this.repository.create({
        id: this.luck.id('tok'), name: name ?? null, hash: sha256(utf8(token)), createdAt,
        expiresAt: new Date(createdAt.getTime() + expiresInSeconds * 1000), usesMax, approval, groupId: group ?? null, returning: null,
      }, tx);
      await record({ actor: operator, action: 'enrolment-token.create', subject: made.id, detail: { usesMax, approval, group: group ?? null } });
      return made;
    });
    return { ...toToken(row), token };
  }

  async listTokens(): Promise<{ items: EnrolmentToken[] }> {
    return { items: (await this.repository.listOpen()).map(toToken) };
  }

  async deleteToken(operator: string, id: string): Promise<void> {
    await this.audit.change(async (tx, record) => {
      if (!await this.repository.revoke(id, this.clock.now(), tx)) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such enrolment token.' });
      await record({ actor: operator, action: 'enrolment-token.delete', subject: id });
    });
  }

  /** Idempotent by (token, public key): a device that lost the answer asks again and uses up nothing. */
  async enrol({ token, name, publicKey, proof }: InputOf<'enrolDevice'>['body']): Promise<Enrolment> {
    const key = fromHex(publicKey);
    const row = await this.repository.findByHash(sha256(utf8(token)));
    if (row === null) throw new FleetError('token.unknown', { field: 'token', problem: 'This coordinator made no such enrolment token.' });
    if (!verify({ publicKey: key, message: concatBytes([utf8(enrolmentContext), utf8(token), key]), signature: fromHex(proof) })) {
      throw new FleetError('enrolment.proof', { field: 'proof', problem: 'The proof was not signed by the key of publicKey for this token.' });
    }
    const coordinatorKey = toHex(this.keys.publicKey);
    const known = await this.repository.findEnrolled({ publicKey: key, tokenId: row.id });
    if (known !== null) return { device: known.id, name: known.name, state: deviceStates.find((state) => state === known.state) ?? 'revoked', coordinatorKey };
    this.requireUsable(row);
    if (row.returning !== null) return { ...await this.comeBack({ device: row.returning, to: key, tokenId: row.id }), coordinatorKey };
    const device = { id: this.luck.id('dev'), name, publicKey: key, state: row.approval ? 'pending' : 'active', enrolledAt: this.clock.now() } as const;
    await this.takeUse(device, row.id);
    return { device: device.id, name, state: device.state, coordinatorKey };
  }

  private async requireStaticGroup(id: string, tx: Transaction): Promise<void> {
    const group = await this.groups.find(id, tx);
    if (group === null) throw new FleetError('request.not-found', { field: 'group', problem: 'There is no such group.' });
    if (group.filter !== null) throw new FleetError('group.dynamic', { field: 'group', problem: 'A filter says who is in this group.' });
  }

  private requireUsable({ revokedAt, expiresAt, uses, usesMax }: EnrolmentTokenRow): void {
    if (revokedAt !== null) throw new FleetError('token.revoked', { field: 'token', problem: 'The operator has deleted this enrolment token.' });
    if (expiresAt <= this.clock.now()) throw new FleetError('token.expired', { field: 'token', problem: `The enrolment token expired at ${expiresAt.toISOString()}.` });
    if (uses >= usesMax) throw usedUp();
  }

  private newToken(): string {
    return `sfe_${Buffer.from(this.luck.bytes(24)).toString('base64url')}`;
  }

  /** A wiped device under its old name: new key and use of the token in one transaction. Its runs, groups, tags and history stay. */
  private async comeBack(change: { device: string; to: Uint8Array; tokenId: string }): Promise<Omit<Enrolment, 'coordinatorKey'>> {
    const { id, name, state } = await this.unlessKnown(() => this.audit.change(async (tx, record) => {
      if (await this.deviceKeys.isFormer(change.to, tx)) throw keyKnown();
      if (!await this.repository.takeUse(change.tokenId, tx)) throw usedUp();
      const row = await this.deviceKeys.returned(change, tx);
      await record({ actor: 'coordinator', action: 'device.return', subject: row.id, detail: { token: change.tokenId, from: fingerprintOf(row.publicKey), to: fingerprintOf(change.to) } });
      return row;
    }));
    this.deviceKeys.turnAwayOldKey(id);
    return { device: id, name, state };
  }

  private async unlessKnown<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw isUniqueViolation(error) ? keyKnown() : error;
    }
  }

  private async takeUse(device: NewDevice, tokenId: string): Promise<void> {
    await this.unlessKnown(() => this.audit.change(async (tx, record) => {
      if (await this.deviceKeys.isFormer(device.publicKey, tx)) throw keyKnown();
      if (!await this.repository.enrol(device, tokenId, tx)) throw usedUp();
      await record({ actor: 'coordinator', action: 'device.enrol', subject: device.id, detail: { token: tokenId, state: device.state } });
    }));
  }
}

function keyKnown(): FleetError {
  return new FleetError('enrolment.key-known', { field: 'publicKey', problem: 'This key is or was the key of a device, which came in through another token.' });
}

function usedUp(): FleetError {
  return new FleetError('token.used-up', { field: 'token', problem: 'The enrolment token has no uses left.' });
}

function toToken({ id, name, createdAt, expiresAt, usesMax, uses, approval, groupId, returning }: EnrolmentTokenRow): EnrolmentToken {
  return { id, name, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString(), usesMax, uses, approval, group: groupId, returning };
}
