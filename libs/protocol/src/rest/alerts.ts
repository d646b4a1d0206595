import { z } from 'zod';
import { displayName, instant, opaqueId, pageQuery } from './fields.js';

/** What an alert rule watches for. Runs are the live ones, devices those that are active. */
export const alertConditionSchema = z.discriminatedUnion('type', [
  /** a running run without a commit for so long */
  z.strictObject({ type: z.literal('round-stalled'), minutes: z.number().positive().max(10_080) }),
  /** the loss rose in each of the last evaluations */
  z.strictObject({ type: z.literal('loss-rising'), evaluations: z.int().min(1).max(1_000) }),
  /** of the devices asked in the last rounds, less than this share reported */
  z.strictObject({ type: z.literal('participation-low'), share: z.number().gt(0).max(1), rounds: z.int().min(1).max(1_000) }),
  /** a run failed within the last day */
  z.strictObject({ type: z.literal('run-failed') }),
  /** a device holds another state than the fleet, or could not rebuild it */
  z.strictObject({ type: z.literal('state-mismatch') }),
  /** a running run with a budget has spent more than this share of it */
  z.strictObject({ type: z.literal('budget'), share: z.number().gt(0).max(1) }),
  /** an active device was not seen for so long */
  z.strictObject({ type: z.literal('device-gone'), hours: z.number().positive().max(8_760) }),
  /** a connected device runs another version than the coordinator */
  z.strictObject({ type: z.literal('version-skew') }),
  /** two processes took turns with the key of an active device within the last hour */
  z.strictObject({ type: z.literal('device-cloned') }),
]);
export type AlertCondition = z.infer<typeof alertConditionSchema>;
export const alertTypes = ['round-stalled', 'loss-rising', 'participation-low', 'run-failed', 'state-mismatch', 'budget', 'device-gone', 'version-skew', 'device-cloned'] as const satisfies readonly AlertCondition['type'][];

export const alertRuleRequest = z.strictObject({
  name: displayName,
  condition: alertConditionSchema,
  /** ids of channels that hear of it; none: it is only listed */
  channels: z.array(opaqueId).max(20).default([]),
});
export type AlertRuleRequest = z.input<typeof alertRuleRequest>;

export const alertRuleSchema = z.object({
  id: opaqueId,
  name: z.string(),
  condition: alertConditionSchema,
  channels: z.array(opaqueId),
  /** channels hear nothing of it until then; it is still listed */
  silencedUntil: instant.nullable(),
  createdAt: instant,
  revision: z.int().min(1),
});
export type AlertRule = z.infer<typeof alertRuleSchema>;

/** 0 ends a silence. */
export const silenceRequest = z.strictObject({ seconds: z.int().min(0).max(31_536_000) });

export const alertQuery = pageQuery.extend({ open: z.enum(['yes', 'no']).optional() });
export const alertSchema = z.object({
  id: opaqueId,
  rule: opaqueId.nullable(),
  ruleName: z.string(),
  /** what it is about: `run 3`, a device's id */
  subject: z.string(),
  summary: z.string(),
  firedAt: instant,
  /** null while it goes on */
  resolvedAt: instant.nullable(),
});
export type Alert = z.infer<typeof alertSchema>;

/** A webhook gets Standard Webhooks (standardwebhooks.com), signed by the secret that the answer shows once; mail needs SEEDFLEET_SMTP_URL. */
export const alertChannelRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('webhook'), name: displayName, url: z.url({ protocol: /^https?$/ }).max(2_000) }),
  z.strictObject({ type: z.literal('email'), name: displayName, to: z.email().max(254) }),
]);
export type AlertChannelRequest = z.input<typeof alertChannelRequest>;

export const alertChannelSchema = z.object({
  id: opaqueId,
  type: z.enum(['webhook', 'email']),
  name: z.string(),
  /** url or address */
  target: z.string(),
  createdAt: instant,
  /** the last thing that could not be delivered at the last try; null: all was */
  lastProblem: z.string().nullable(),
});
export type AlertChannel = z.infer<typeof alertChannelSchema>;
export const newAlertChannelSchema = alertChannelSchema.extend({ secret: z.string().nullable() });

/** Whether a test message arrived, and what went wrong. */
export const channelTestSchema = z.object({ delivered: z.boolean(), problem: z.string().nullable() });
