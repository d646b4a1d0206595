import { WebSocketGateway, type OnGatewayConnection, type OnGatewayDisconnect, type OnGatewayInit } from '@nestjs/websockets';
import { toRefusal } from '@seedfleet/errors';
import { operatorRoles, type FleetChange, type LiveEventMap, type OperatorRole } from '@seedfleet/protocol';
import { type DefaultEventsMap, type Namespace, type Socket } from 'socket.io';
import { Clock } from '../app/surroundings.js';
import { AccessEnds } from '../operators/access-ends.js';
import { LiveAdmission, type LiveSession } from './live-admission.js';
import { LiveChanges } from './live-changes.js';

type None = Record<string, never>;
type LiveSocket = Socket<None, LiveEventMap, DefaultEventsMap, LiveSession & { timer?: NodeJS.Timeout }>;
type LiveNamespace = Namespace<None, LiveEventMap, DefaultEventsMap, LiveSession>;

/** A timer of Node holds no more than 2^31 - 1 ms. */
const timerMsMax = 86_400_000;

/**
 * Consoles that look: what let them in is checked in the handshake, and the connection ends with it. They are told kinds and ids of what
 * changes, and send nothing. All of it goes through the adapter of the server, so that it reaches consoles of every replica.
 */
@WebSocketGateway({ namespace: '/admin' })
export class LiveGateway implements OnGatewayInit<LiveNamespace>, OnGatewayConnection<LiveSocket>, OnGatewayDisconnect<LiveSocket> {
  constructor(private readonly admission: LiveAdmission, private readonly changes: LiveChanges, private readonly ends: AccessEnds, private readonly clock: Clock) {}

  afterInit(namespace: LiveNamespace): void {
    namespace.use((socket, next) => {
      this.admission.admit(socket.handshake).then((session) => {
        Object.assign(socket.data, session);
        next();
      }, (error: unknown) => {
        const refusal = toRefusal(error);
        next(Object.assign(new Error(refusal.code), { data: refusal }));
      });
    });
    this.changes.attach((least, changes) => this.tell(namespace, least, changes));
    // Whoever may still come in comes back by itself, with the role that it has now.
    this.ends.attach((operator) => namespace.in(roomOfOperator(operator)).disconnectSockets(true));
  }

  handleConnection(socket: LiveSocket): void {
    void socket.join([roomOfRole(socket.data.role), roomOfOperator(socket.data.operator)]);
    this.watchEnd(socket);
  }

  handleDisconnect(socket: LiveSocket): void {
    clearTimeout(socket.data.timer);
  }

  private tell(namespace: LiveNamespace, least: OperatorRole, changes: FleetChange[]): void {
    namespace.to(operatorRoles.slice(operatorRoles.indexOf(least)).map(roomOfRole)).emit('fleet:changed', { changes });
  }

  private watchEnd(socket: LiveSocket): void {
    if (socket.data.until === null) return;
    const leftMs = socket.data.until.getTime() - this.clock.nowMs();
    if (leftMs <= 0) socket.disconnect(true);
    else socket.data.timer = setTimeout(() => this.watchEnd(socket), Math.min(leftMs, timerMsMax)).unref();
  }
}

const roomOfRole = (role: OperatorRole) => `role:${role}`;
const roomOfOperator = (operator: string) => `operator:${operator}`;
