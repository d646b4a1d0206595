import { applyDecorators, createParamDecorator, Injectable, UseFilters, UseInterceptors, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { SubscribeMessage } from '@nestjs/websockets';
import { FleetError } from '@seedfleet/errors';
import { parseMessage, type AckOf, type DeviceEvent, type EventsFrom } from '@seedfleet/protocol';
import { map, type Observable } from 'rxjs';
import { type DeviceSession, type DeviceSocket } from '../devices/presence.js';
import { AckFilter } from './ack.filter.js';

/** What a handler of an event returns: its ack without the `ok: true`. */
export type Ack<E extends EventsFrom<'device'>> = Promise<AckOf<E>>;

@Injectable()
class OkInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((ack: object) => ({ ok: true, ...ack })));
  }
}

/** Makes a gateway's method the handler of an event: what it returns is the ack, what it throws is the refusal in the ack. */
export function Answers(event: EventsFrom<'device'>): MethodDecorator {
  return applyDecorators(UseFilters(AckFilter), UseInterceptors(OkInterceptor), SubscribeMessage(event));
}

/** The message, checked against the catalog. */
export const Message = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const ws = context.switchToWs();
  return parseMessage(ws.getPattern() as DeviceEvent, ws.getData());
});

/** The device that sent the message: authenticated in the handshake, and greeted. */
export const Sender = createParamDecorator((_: unknown, context: ExecutionContext): DeviceSession => {
  const { data } = context.switchToWs().getClient<DeviceSocket>();
  if (!data.greeted) throw new FleetError('session.hello-missing', { problem: 'The first message on a connection is session:hello.' });
  return data;
});
