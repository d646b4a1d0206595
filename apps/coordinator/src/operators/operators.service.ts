import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { sha256, utf8 } from '@seedfleet/ledger';
import { settingsToken } from '../app/surroundings.module.js';
import { Logger } from '../app/logger.js';
import { type Settings } from '../app/settings.js';
import { Clock, Luck } from '../app/surroundings.js';
import { writePrivateFile } from '../keys/private-file.js';
import { AuditLog } from './audit-log.js';
import { OperatorRepository, type Operator } from './operator.repository.js';

const prefix = 'sft_';

/** Operators and their API tokens: 256 random bits each, of which only the SHA-256 is kept. */
@Injectable()
export class OperatorsService {
  constructor(
    private readonly repository: OperatorRepository,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly luck: Luck,
    @Inject(settingsToken) private readonly settings: Settings,
    private readonly logger: Logger,
  ) {}

  /** At the first start: an operator `admin`, its token in HOME/admin-token (0600). The file comes first: a token without one is lost. */
  async ensureAdmin(): Promise<void> {
    if (await this.repository.count() > 0) return;
    const path = join(this.settings.home, 'admin-token');
    const token = await this.create({ name: 'admin', role: 'admin' }, (made) => writePrivateFile(path, `${made}\n`));
    this.logger.info('operators.admin-created', { path, characters: token.length });
  }

  /** @param keep called with the token before it is worth anything */
  async create({ name, role }: Operator, keep: (token: string) => void): Promise<string> {
    const token = `${prefix}${Buffer.from(this.luck.bytes(32)).toString('base64url')}`;
    keep(token);
    await this.repository.create({ id: this.luck.id('op'), tokenId: this.luck.id('key'), name, role, tokenHash: sha256(utf8(token)), at: this.clock.now() });
    await this.audit.record({ actor: 'coordinator', action: 'operator.create', subject: name, detail: { role } });
    return token;
  }

  /** @throws FleetError `operator.unauthenticated` */
  async authenticate(token: string): Promise<Operator> {
    const operator = token.startsWith(prefix) ? await this.repository.findByToken(sha256(utf8(token)), this.clock.now()) : null;
    if (operator === null) throw new FleetError('operator.unauthenticated', { field: 'Authorization', problem: 'The API token is unknown, expired or revoked.' });
    return operator;
  }
}
