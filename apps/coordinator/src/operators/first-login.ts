import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { sha256, utf8 } from '@seedfleet/ledger';
import { Logger } from '../app/logger.js';
import { type Settings } from '../app/settings.js';
import { settingsToken } from '../app/surroundings.module.js';
import { Clock, Luck } from '../app/surroundings.js';
import { writePrivateFile } from '../keys/private-file.js';
import { AccessRepository } from './access.repository.js';
import { ApiTokensService } from './api-tokens.service.js';
import { AuditLog } from './audit-log.js';
import { OperatorRepository } from './operator.repository.js';
import { invitationPath, OperatorsService } from './operators.service.js';

/** How the first admin gets in: by a token for programs and by a one-time link for a person. */
@Injectable()
export class FirstLogin {
  private readonly linkPath: string;

  constructor(
    private readonly operators: OperatorRepository,
    private readonly access: AccessRepository,
    private readonly accounts: OperatorsService,
    private readonly tokens: ApiTokensService,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly luck: Luck,
    private readonly logger: Logger,
    @Inject(settingsToken) private readonly settings: Settings,
  ) {
    this.linkPath = join(settings.home, 'first-login');
  }

  /** At the first start: an operator `admin`, its token in HOME/admin-token (0600). The file comes first: a token without one is lost. */
  async ensureAdmin(): Promise<void> {
    if (await this.operators.count() > 0) return;
    const path = join(this.settings.home, 'admin-token');
    const token = this.tokens.newToken();
    writePrivateFile(path, `${token}\n`);
    await this.audit.change(async (tx, record) => {
      const id = this.luck.id('op');
      const at = this.clock.now();
      await this.operators.create({ id, name: 'admin', role: 'admin', at }, tx);
      await this.access.createToken({ id: this.luck.id('key'), operatorId: id, name: 'first', role: null, hash: sha256(utf8(token)), at, expiresAt: null }, tx);
      await record({ actor: 'coordinator', action: 'operator.create', subject: 'admin', detail: { role: 'admin' } });
    });
    this.logger.info('operators.admin-created', { path, characters: token.length });
  }

  /**
   * While no admin has a password: a one-time link that sets name and password of the first, in HOME/first-login (0600) and, the one time
   * that it is made, in the log. A new one is made by the first start after it expired.
   */
  async ensureLink(url: string): Promise<void> {
    const admins = (await this.operators.list()).filter(({ role, disabledAt }) => role === 'admin' && disabledAt === null);
    const [first] = admins;
    if (first === undefined || admins.some(({ passwordHash }) => passwordHash !== null)) return;
    if (await this.operators.hasOpenInvitation(first.id, this.clock.now())) {
      this.logger.info('operators.first-login-waits', { path: this.linkPath });
      return;
    }
    const { path, expiresAt } = await this.audit.change(async (tx, record) => {
      await record({ actor: 'coordinator', action: 'operator.invite', subject: first.name });
      return this.accounts.inviteWith(tx, { operator: first, mayRename: true, keep: (invitation) => writePrivateFile(this.linkPath, `${url}${invitationPath(invitation, { mayRename: true })}\n`) });
    });
    this.logger.info('operators.first-login', { link: `${url}${path}`, expiresAt, path: this.linkPath });
  }

  /** The link has been used. */
  forget(): void {
    rmSync(this.linkPath, { force: true });
  }
}
