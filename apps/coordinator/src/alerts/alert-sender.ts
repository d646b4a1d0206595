import { Inject, Injectable } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { Webhook } from 'standardwebhooks';
import { settingsToken } from '../app/surroundings.module.js';
import { type Settings } from '../app/settings.js';
import { Clock } from '../app/surroundings.js';
import { type ChannelRow } from './alert.repository.js';

/** A message about an alert: facts of the fleet, never data of a device. */
export interface AlertMessage {
  /** the same for every try, so that the receiver can tell a repetition */
  id: string;
  event: 'alert.fired' | 'alert.resolved' | 'alert.test';
  rule: string;
  subject: string;
  summary: string;
  at: string;
}

/** One try of a delivery may take so long. */
const sendMs = 10_000;

/** Brings messages to channels: webhooks as standardwebhooks.com has them, mail by SMTP. */
@Injectable()
export class AlertSender {
  constructor(@Inject(settingsToken) private readonly settings: Settings, private readonly clock: Clock) {}

  /** @returns null if it arrived, else what went wrong, without what the receiver answered */
  async send(channel: ChannelRow, message: AlertMessage): Promise<string | null> {
    try {
      return channel.type === 'webhook' ? await this.post(channel, message) : await this.mail(channel, message);
    } catch (error) {
      return causeOf(error);
    }
  }

  private async post({ target, secret }: ChannelRow, message: AlertMessage): Promise<string | null> {
    const body = JSON.stringify({ type: message.event, timestamp: message.at, data: { rule: message.rule, subject: message.subject, summary: message.summary } });
    const at = this.clock.now();
    const answer = await fetch(target, {
      method: 'POST', body, redirect: 'error', signal: AbortSignal.timeout(sendMs),
      headers: {
        'content-type': 'application/json', 'webhook-id': message.id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': new Webhook(secret ?? '').sign(message.id, at, body),
      },
    });
    await answer.body?.cancel();
    return answer.ok ? null : `The webhook answered ${answer.status}.`;
  }

  private async mail({ target }: ChannelRow, message: AlertMessage): Promise<string | null> {
    const { smtp } = this.settings;
    if (smtp === null) return 'SEEDFLEET_SMTP_URL is not set: mail cannot be sent.';
    const transport = createTransport(smtp.url, { connectionTimeout: sendMs, greetingTimeout: sendMs, socketTimeout: sendMs } as object);
    try {
      await transport.sendMail({
        from: smtp.from, to: target, messageId: `<${message.id}@seedfleet>`, date: this.clock.now(),
        subject: `[Seedfleet] ${{ 'alert.fired': 'Alert', 'alert.resolved': 'Over', 'alert.test': 'Test' }[message.event]}: ${message.rule}`, text: `${message.summary}\n\nRule: ${message.rule}\nAbout: ${message.subject}\nAt: ${message.at}\n`,
      });
      return null;
    } finally {
      transport.close();
    }
  }
}

/** The code of a failure: its message may repeat what a stranger's server said. */
function causeOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (inner instanceof Error && inner.name === 'TimeoutError') return 'It did not answer in time.';
  return `It cannot be reached: ${inner instanceof Error && 'code' in inner ? String(inner.code) : inner instanceof Error ? inner.name : 'unknown reason'}.`;
}
