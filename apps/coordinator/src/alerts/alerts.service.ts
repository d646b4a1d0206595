import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type AlertChannel, type AlertRule, type ResponseOf } from '@seedfleet/protocol';
import { type InputOf } from '../app/handles.js';
import { requireRevision } from '../app/revisions.js';
import { Clock, Luck } from '../app/surroundings.js';
import { type Transaction } from '../database/database.js';
import { AuditLog } from '../operators/audit-log.js';
import { AlertRepository, type AlertRow, type ChannelRow, type RuleRow } from './alert.repository.js';
import { AlertSender } from './alert-sender.js';

/** Alert rules, the channels that hear of them, and what they held of. */
@Injectable()
export class AlertsService {
  constructor(
    private readonly repository: AlertRepository,
    private readonly sender: AlertSender,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
    private readonly luck: Luck,
  ) {}

  async page({ cursor, limit, open }: InputOf<'listAlerts'>['query']): Promise<ResponseOf<'listAlerts'>> {
    const rows = await this.repository.page({ after: cursor, limit, open: open === undefined ? undefined : open === 'yes' });
    return { items: rows.map(toAlert), next: rows.length < limit ? null : rows.at(-1)?.id ?? null };
  }

  async rules(): Promise<ResponseOf<'listAlertRules'>> {
    return { items: (await this.repository.rules()).map(toRule) };
  }

  async createRule(operator: string, { name, condition, channels }: InputOf<'createAlertRule'>['body']): Promise<AlertRule> {
    await this.requireChannels(channels);
    return toRule(await this.audit.change(async (tx, record) => {
      const rule = await this.repository.createRule({ id: this.luck.id('rul'), name, condition, channels: [...new Set(channels)], createdAt: this.clock.now() }, tx);
      await record({ actor: operator, action: 'alert-rule.create', subject: rule.id, detail: { name, type: condition.type } });
      return rule;
    }));
  }

  async changeRule(operator: string, id: string, { name, condition, channels }: InputOf<'changeAlertRule'>['body'], expected: number | null): Promise<AlertRule> {
    await this.requireChannels(channels);
    await this.audit.change(async (tx, record) => {
      requireRevision(expected, (await this.requireRule(id, tx)).revision);
      await this.repository.saveRule(id, { name, condition, channels: [...new Set(channels)] }, tx);
      await record({ actor: operator, action: 'alert-rule.change', subject: id, detail: { name, type: condition.type } });
    });
    return toRule(await this.requireRule(id));
  }

  async silence(operator: string, id: string, { seconds }: InputOf<'silenceAlertRule'>['body']): Promise<AlertRule> {
    const until = seconds === 0 ? null : new Date(this.clock.nowMs() + seconds * 1_000);
    await this.audit.change(async (tx, record) => {
      await this.requireRule(id, tx);
      await this.repository.silence(id, until, tx);
      await record({ actor: operator, action: 'alert-rule.silence', subject: id, detail: { until: until?.toISOString() ?? null } });
    });
    return toRule(await this.requireRule(id));
  }

  async deleteRule(operator: string, id: string, expected: number | null): Promise<void> {
    await this.audit.change(async (tx, record) => {
      const { name, revision } = await this.requireRule(id, tx);
      requireRevision(expected, revision);
      await this.repository.deleteRule(id, this.clock.now(), tx);
      await record({ actor: operator, action: 'alert-rule.delete', subject: id, detail: { name } });
    });
  }

  async channels(): Promise<ResponseOf<'listAlertChannels'>> {
    return { items: (await this.repository.channels()).map(toChannel) };
  }

  /** The secret of a webhook is shown this once. */
  async createChannel(operator: string, body: InputOf<'createAlertChannel'>['body']): Promise<ResponseOf<'createAlertChannel'>> {
    const secret = body.type === 'webhook' ? `whsec_${Buffer.from(this.luck.bytes(32)).toString('base64')}` : null;
    const channel: ChannelRow = { id: this.luck.id('chn'), type: body.type, name: body.name, target: body.type === 'webhook' ? body.url : body.to, secret, createdAt: this.clock.now(), lastProblem: null };
    await this.audit.change(async (tx, record) => {
      const { lastProblem: _none, ...row } = channel;
      await this.repository.createChannel(row, tx);
      await record({ actor: operator, action: 'alert-channel.create', subject: channel.id, detail: { name: channel.name, type: channel.type } });
    });
    return { ...toChannel(channel), secret };
  }

  async deleteChannel(operator: string, id: string): Promise<void> {
    await this.audit.change(async (tx, record) => {
      if (!await this.repository.deleteChannel(id, tx)) throw missing('channel');
      await record({ actor: operator, action: 'alert-channel.delete', subject: id });
    });
  }

  /** Sends a message now, once, and says how that went. */
  async testChannel(operator: string, id: string): Promise<ResponseOf<'testAlertChannel'>> {
    const [channel] = await this.repository.channels([id]);
    if (channel === undefined) throw missing('channel');
    const problem = await this.sender.send(channel, {
      id: this.luck.id('dlv'), event: 'alert.test', rule: 'Test', subject: channel.id, summary: `A test of the channel ${channel.name}, asked for by ${operator}.`, at: this.clock.now().toISOString(),
    });
    return { delivered: problem === null, problem };
  }

  private async requireRule(id: string, tx?: Transaction): Promise<RuleRow> {
    const rule = await this.repository.findRule(id, tx);
    if (rule === null) throw missing('rule');
    return rule;
  }

  private async requireChannels(ids: readonly string[]): Promise<void> {
    const known = new Set((await this.repository.channels(ids)).map(({ id }) => id));
    const unknown = ids.find((id) => !known.has(id));
    if (unknown !== undefined) throw new FleetError('request.not-found', { field: 'channels', problem: `There is no channel ${unknown}.` });
  }
}

function missing(what: 'rule' | 'channel'): FleetError {
  return new FleetError('request.not-found', { field: 'id', problem: `There is no such alert ${what}.` });
}

function toRule({ silencedUntil, createdAt, ...rule }: RuleRow): AlertRule {
  return { ...rule, silencedUntil: silencedUntil?.toISOString() ?? null, createdAt: createdAt.toISOString() };
}

function toChannel({ id, type, name, target, createdAt, lastProblem }: ChannelRow): AlertChannel {
  return { id, type, name, target, createdAt: createdAt.toISOString(), lastProblem };
}

function toAlert({ ruleId, firedAt, resolvedAt, ...alert }: AlertRow): ResponseOf<'listAlerts'>['items'][number] {
  return { ...alert, rule: ruleId, firedAt: firedAt.toISOString(), resolvedAt: resolvedAt?.toISOString() ?? null };
}
