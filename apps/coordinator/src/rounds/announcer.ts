import { Injectable } from '@nestjs/common';
import { type AnswerOf, type EventsFrom, type MessageOf } from '@seedfleet/protocol';
import { serverLimits } from '../app/limits.js';
import { Presence, type DeviceServer, type DeviceSocket } from '../devices/presence.js';

/** What was answered to a start: yes, no and why, or nothing in time. */
export type StartAnswer = AnswerOf<'round:start'> | 'unanswered' | 'offline';

/** Speaks to the devices of a run. A device that is not there is not an error: it asks for the log when it is back. */
@Injectable()
export class Announcer {
  private server: ReturnType<DeviceServer['of']> | undefined;

  constructor(private readonly presence: Presence) {}

  /** @param namespace of the devices; given by the session gateway when it is up */
  attach(namespace: ReturnType<DeviceServer['of']>): void {
    this.server = namespace;
  }

  /** From now on the connection hears the commits of the run. */
  join(run: number, socket: DeviceSocket): void {
    void socket.join(room(run, sliceOf(socket.data.device)));
  }

  async start(device: string, message: MessageOf<'round:start'>): Promise<StartAnswer> {
    const socket = this.presence.socketOf(device);
    if (socket === undefined) return 'offline';
    const waitMs = Math.min(serverLimits.startAckTimeoutMs, message.deadlineMs);
    return socket.timeout(waitMs).emitWithAck('round:start', message).catch(() => 'unanswered' as const);
  }

  async startEvaluation(device: string, message: MessageOf<'evaluation:start'>): Promise<AnswerOf<'evaluation:start'> | 'unanswered' | 'offline'> {
    const socket = this.presence.socketOf(device);
    if (socket === undefined) return 'offline';
    return socket.timeout(serverLimits.startAckTimeoutMs).emitWithAck('evaluation:start', message).catch(() => 'unanswered' as const);
  }

  async assign(device: string, run: number): Promise<AnswerOf<'run:assigned'> | 'unanswered' | 'offline'> {
    const socket = this.presence.socketOf(device);
    if (socket === undefined) return 'offline';
    this.join(run, socket);
    return socket.timeout(serverLimits.startAckTimeoutMs).emitWithAck('run:assigned', { run }).catch(() => 'unanswered' as const);
  }

  broadcastCommit(run: number, commit: Uint8Array): Promise<void> {
    return this.broadcast(run, 'round:commit', { run, commit });
  }

  broadcastEnd(message: MessageOf<'run:ended'>): Promise<void> {
    return this.broadcast(message.run, 'run:ended', message);
  }

  /** Members of a run come back and say where they stand. */
  reconnect(run: number): void {
    for (let slice = 0; slice < serverLimits.broadcastSlices; slice++) this.server?.in(room(run, slice)).disconnectSockets(true);
  }

  /** In slices: one broadcast to thousands would hold the event loop while reports wait. Each slice is encoded once. */
  private async broadcast<E extends EventsFrom<'coordinator'> & ('round:commit' | 'run:ended')>(run: number, event: E, message: MessageOf<E>): Promise<void> {
    for (let slice = 0; slice < serverLimits.broadcastSlices; slice++) {
      const name = room(run, slice);
      if (this.server === undefined || !this.server.adapter.rooms.has(name)) continue;
      (this.server.to(name) as unknown as { emit(event: string, message: unknown): void }).emit(event, message);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const room = (run: number, slice: number) => `run:${run}/${slice}`;

function sliceOf(device: string): number {
  let sum = 0;
  for (let i = 0; i < device.length; i++) sum += device.charCodeAt(i);
  return sum % serverLimits.broadcastSlices;
}
