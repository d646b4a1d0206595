import { UseFilters } from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway, type OnGatewayConnection, type OnGatewayDisconnect, type OnGatewayInit } from '@nestjs/websockets';
import { FleetError, toRefusal } from '@seedfleet/errors';
import { type MessageOf } from '@seedfleet/protocol';
import { type Namespace } from 'socket.io';
import { type DeviceServer, type DeviceSocket } from '../devices/presence.js';
import { LiveChanges } from '../live/live-changes.js';
import { SessionMetrics } from '../metrics/session-metrics.js';
import { Announcer } from '../rounds/announcer.js';
import { AckFilter } from './ack.filter.js';
import { Answers, Message, type Ack } from './answers.js';
import { Connection } from './connection.js';
import { SessionsService } from './sessions.service.js';

/** An error of the handshake: the client finds the refusal in `data` of its connect_error. */
function handshakeError(error: unknown): Error {
  const refusal = toRefusal(error);
  return Object.assign(new Error(refusal.code), { data: refusal });
}

/** Connections of devices: credential, hello, end. */
@WebSocketGateway({ namespace: '/device' })
export class SessionGateway implements OnGatewayInit<Namespace>, OnGatewayConnection<DeviceSocket>, OnGatewayDisconnect<DeviceSocket> {
  constructor(private readonly sessions: SessionsService, private readonly announcer: Announcer, private readonly metrics: SessionMetrics, private readonly live: LiveChanges) {}

  afterInit(namespace: Namespace): void {
    const devices = namespace as unknown as ReturnType<DeviceServer['of']>;
    devices.use((socket, next) => {
      this.sessions.admit(socket).then(() => {
        if (socket.data.comeBackMs === null) this.metrics.admitted();
        else this.metrics.postponed();
        next();
      }, (error: unknown) => {
        this.metrics.refused(error);
        next(handshakeError(error));
      });
    });
    // Nothing is served on the main namespace: without this rule anybody could keep a connection open there.
    namespace.server.of('/').use((_, next) => next(handshakeError(new FleetError('credential.invalid', { field: 'namespace', problem: 'Devices connect to the namespace /device.' }))));
    this.announcer.attach(devices);
  }

  handleConnection(socket: DeviceSocket): void {
    this.sessions.arrive(socket);
    if (socket.data.comeBackMs === null) this.live.tell('device', socket.data.device);
  }

  async handleDisconnect(socket: DeviceSocket): Promise<void> {
    await this.sessions.leave(socket);
    if (socket.data.comeBackMs === null) this.live.tell('device', socket.data.device);
  }

  @Answers('session:hello')
  hello(@Connection() socket: DeviceSocket, @Message() message: MessageOf<'session:hello'>): Ack<'session:hello'> {
    return this.sessions.hello(socket, message);
  }

  /** What the packet parser made of bytes that it could not read: refused like any other message. */
  @UseFilters(AckFilter)
  @SubscribeMessage('packet:invalid')
  invalid(@MessageBody() { error: { code, problem, field } }: MessageOf<'packet:invalid'>): never {
    throw new FleetError(code, { problem, ...(field === undefined ? {} : { field }) });
  }
}
