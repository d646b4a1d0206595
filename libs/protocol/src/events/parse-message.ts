import { FleetError } from '@seedfleet/errors';
import { type z } from 'zod';
import { problemOfIssue } from '../problem-of-issue.js';
import { refusalSchema } from './fields.js';
import { deviceEvents, type AnswerOf, type DeviceEvent, type MessageOf } from './device-events.js';

function parse<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { field, problem } = problemOfIssue(parsed.error);
  throw new FleetError('message.invalid', { problem, ...(field === '' ? {} : { field }) });
}

/**
 * The message of an event, checked against the catalog.
 * @throws FleetError `message.invalid` with field and problem, never with the value
 */
export function parseMessage<E extends DeviceEvent>(event: E, value: unknown): MessageOf<E> {
  return parse(deviceEvents[event].message, value) as MessageOf<E>;
}

/**
 * The answer to an event, checked against the catalog: `{ok: true, ...ack}` or `{ok: false, error}`.
 * @throws FleetError `message.invalid` with field and problem, never with the value
 */
export function parseAck<E extends DeviceEvent>(event: E, value: unknown): AnswerOf<E> {
  if (typeof value !== 'object' || value === null || !('ok' in value)) throw new FleetError('message.invalid', { field: 'ok', problem: 'The answer has no field ok.' });
  const { ok, ...rest } = value;
  if (ok === true) {
    const ack = deviceEvents[event].ack;
    return { ok, ...(ack === null ? {} : parse(ack, rest)) } as AnswerOf<E>;
  }
  return { ok: false, error: parse(refusalSchema, 'error' in rest ? rest.error : undefined) } as AnswerOf<E>;
}
