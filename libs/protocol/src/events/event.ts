import { type ErrorCode } from '@seedfleet/errors';
import { type z } from 'zod';

/** Who may send an event; `parser` ones are made by the decoder of the receiver and never travel. */
export type EventSource = 'device' | 'coordinator' | 'parser';

/** One event of the catalog. The order of the fields of a message is their order on the wire: append, never insert. */
export interface EventDefinition<F extends EventSource = EventSource, M extends z.ZodType = z.ZodType, A extends z.ZodType | null = z.ZodType | null> {
  /** what stands for the name in a packet, 0 to 127; never reused */
  number: number;
  from: F;
  message: M;
  /** what a positive answer holds beside `ok: true`; null: the event is not answered */
  ack: A;
  /** the codes that a negative answer may carry, beside `message.invalid`, `packet.malformed` and `packet.too-large` */
  refusals: readonly ErrorCode[];
}

/** Declares one event. */
export function event<F extends EventSource, M extends z.ZodType, A extends z.ZodType | null>(definition: EventDefinition<F, M, A>): EventDefinition<F, M, A> {
  return definition;
}
