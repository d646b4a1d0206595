import { Injectable } from '@nestjs/common';
import { InvariantError } from '@seedfleet/errors';
import { alertConditionSchema, type AlertCondition } from '@seedfleet/protocol';
import { Database, type Transaction } from '../database/database.js';
import { type Firing, type OpenAlert } from './firing-alerts.js';

export interface RuleRow { id: string; name: string; condition: AlertCondition; channels: string[]; silencedUntil: Date | null; createdAt: Date; revision: number }
export interface ChannelRow { id: string; type: 'webhook' | 'email'; name: string; target: string; secret: string | null; createdAt: Date; lastProblem: string | null }
export interface AlertRow { id: string; ruleId: string | null; ruleName: string; subject: string; summary: string; firedAt: Date; resolvedAt: Date | null }

/** A message that is due. */
export interface DueDelivery { id: string; event: 'fired' | 'resolved'; attempts: number; alert: AlertRow; channel: ChannelRow }

const alertColumns = { id: true, ruleId: true, ruleName: true, subject: true, summary: true, firedAt: true, resolvedAt: true } as const;
const withChannels = { channels: { select: { channelId: true }, orderBy: { channelId: 'asc' } } } as const;
/** With the newest message that was tried: its problem is the channel's. */
const withLastProblem = { deliveries: { where: { attempts: { gt: 0 } }, orderBy: { id: 'desc' }, take: 1, select: { lastProblem: true } } } as const;

/** The only Prisma of alert rules, channels, alerts and messages about them. */
@Injectable()
export class AlertRepository {
  constructor(private readonly database: Database) {}

  async rules(): Promise<RuleRow[]> {
    return (await this.database.prisma.alertRule.findMany({ orderBy: [{ name: 'asc' }, { id: 'asc' }], include: withChannels })).map(toRule);
  }

  async findRule(id: string, tx: Transaction = this.database.prisma): Promise<RuleRow | null> {
    const row = await tx.alertRule.findUnique({ where: { id }, include: withChannels });
    return row === null ? null : toRule(row);
  }

  async createRule({ channels, ...rule }: Omit<RuleRow, 'revision' | 'silencedUntil'>, tx: Transaction): Promise<RuleRow> {
    return toRule(await tx.alertRule.create({ data: { ...rule, channels: { create: channels.map((channelId) => ({ channelId })) } }, include: withChannels }));
  }

  async saveRule(id: string, { name, condition, channels }: Pick<RuleRow, 'name' | 'condition' | 'channels'>, tx: Transaction): Promise<void> {
    await tx.alertRuleChannel.deleteMany({ where: { ruleId: id } });
    await tx.alertRule.update({ where: { id }, data: { name, condition, revision: { increment: 1 }, channels: { create: channels.map((channelId) => ({ channelId })) } } });
  }

  async silence(id: string, until: Date | null, tx: Transaction): Promise<void> {
    await tx.alertRule.update({ where: { id }, data: { silencedUntil: until, revision: { increment: 1 } } });
  }

  /** Its open alerts are over with it. */
  async deleteRule(id: string, at: Date, tx: Transaction): Promise<void> {
    await tx.alert.updateMany({ where: { ruleId: id, resolvedAt: null }, data: { resolvedAt: at } });
    await tx.alertRule.delete({ where: { id } });
  }

  async channels(ids?: readonly string[]): Promise<ChannelRow[]> {
    const rows = await this.database.prisma.alertChannel.findMany({ ...(ids === undefined ? {} : { where: { id: { in: [...ids] } } }), orderBy: [{ name: 'asc' }, { id: 'asc' }], include: withLastProblem });
    return rows.map(({ deliveries, ...row }) => toChannel({ ...row, lastProblem: deliveries[0]?.lastProblem ?? null }));
  }

  async createChannel(channel: Omit<ChannelRow, 'lastProblem'>, tx: Transaction): Promise<void> {
    await tx.alertChannel.create({ data: channel });
  }

  async deleteChannel(id: string, tx: Transaction): Promise<boolean> {
    return (await tx.alertChannel.deleteMany({ where: { id } })).count > 0;
  }

  /** Newest first. @param after id of the last alert of the page before */
  async page({ after, limit, open }: { after: string | undefined; limit: number; open: boolean | undefined }): Promise<AlertRow[]> {
    return this.database.prisma.alert.findMany({
      ...(open === undefined ? {} : { where: { resolvedAt: open ? null : { not: null } } }), orderBy: [{ firedAt: 'desc' }, { id: 'desc' }], take: limit, select: alertColumns,
      ...(after === undefined ? {} : { cursor: { id: after }, skip: 1 }),
    });
  }

  openOf(ruleId: string): Promise<OpenAlert[]> {
    return this.database.prisma.alert.findMany({ where: { ruleId, resolvedAt: null }, select: { id: true, subject: true } });
  }

  /** Alerts that begin, and a message about each for each channel: both or neither. */
  async begin({ rule, firings, channels, at, newId }: { rule: RuleRow; firings: readonly Firing[]; channels: readonly string[]; at: Date; newId: (prefix: 'alr' | 'dlv') => string }): Promise<void> {
    await this.database.transact(async (tx) => {
      for (const { subject, summary } of firings) {
        const id = newId('alr');
        await tx.alert.create({ data: { id, ruleId: rule.id, ruleName: rule.name, subject, summary, firedAt: at } });
        await tx.alertDelivery.createMany({ data: channels.map((channelId) => ({ id: newId('dlv'), alertId: id, channelId, event: 'fired', nextAttemptAt: at })) });
      }
    });
  }

  async resolve({ alerts, channels, at, newId }: { alerts: readonly OpenAlert[]; channels: readonly string[]; at: Date; newId: (prefix: 'dlv') => string }): Promise<void> {
    await this.database.transact(async (tx) => {
      for (const { id } of alerts) {
        await tx.alert.update({ where: { id }, data: { resolvedAt: at } });
        await tx.alertDelivery.createMany({ data: channels.map((channelId) => ({ id: newId('dlv'), alertId: id, channelId, event: 'resolved', nextAttemptAt: at })) });
      }
    });
  }

  async due(now: Date, limit: number): Promise<DueDelivery[]> {
    const rows = await this.database.prisma.alertDelivery.findMany({ where: { nextAttemptAt: { lte: now } }, orderBy: [{ nextAttemptAt: 'asc' }, { id: 'asc' }], take: limit, include: { alert: { select: alertColumns }, channel: true } });
    return rows.map(({ id, event, attempts, alert, channel }) => ({ id, attempts, alert, event: event === 'fired' ? 'fired' : 'resolved', channel: toChannel({ ...channel, lastProblem: null }) }));
  }

  async saveAttempt(id: string, result: { attempts: number; deliveredAt: Date | null; nextAttemptAt: Date | null; lastProblem: string | null }): Promise<void> {
    await this.database.prisma.alertDelivery.updateMany({ where: { id }, data: result });
  }
}

function toRule({ channels, condition, ...row }: Omit<RuleRow, 'channels' | 'condition'> & { condition: unknown; channels: { channelId: string }[] }): RuleRow {
  return { ...row, condition: alertConditionSchema.parse(condition), channels: channels.map(({ channelId }) => channelId) };
}

function toChannel({ type, ...row }: Omit<ChannelRow, 'type'> & { type: string }): ChannelRow {
  if (type !== 'webhook' && type !== 'email') throw new InvariantError('an alert channel is of an unknown type');
  return { ...row, type };
}
