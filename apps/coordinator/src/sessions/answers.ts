import { applyDecorators, createParamDecorator, Injectable, UseFilters, UseInterceptors, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { type WsArgumentsHost } from '@nestjs/common/interfaces/index.js';
import { SubscribeMessage } from '@nestjs/websockets';
import { FleetError } from '@seedfleet/errors';
import { parseMessage, type AckOf, type DeviceEvent, type EventsFrom, type MessageOf } from '@seedfleet/protocol';
import { map, type Observable } from 'rxjs';
import { type DeviceSession, type DeviceSocket } from '../devices/presence.js';
import { LiveChanges } from '../live/live-changes.js';
import { AckFilter } from './ack.filter.js';

/** What a handler of an event returns: its ack without the `ok: true`. */
export type Ack<E extends EventsFrom<'device'>> = Promise<AckOf<E>>;

@Injectable()
class OkInterceptor implements NestInterceptor {
  constructor(private readonly live: LiveChanges) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((ack: object) => {
      this.push(context.switchToWs());
      return { ok: true, ...ack };
    }));
  }

  /** What a device says of itself or of its part in a run shows in the console; its reports show with their round. */
  private push(ws: WsArgumentsHost): void {
    const event = ws.getPattern() as DeviceEvent;
    if (event === 'session:hello' && ws.getClient<DeviceSocket>().data.greeted) this.live.tell('device', ws.getClient<DeviceSocket>().data.device);
    if (event === 'run:prepared') this.live.tell('run', ws.getData<MessageOf<'run:prepared'>>().run);
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
