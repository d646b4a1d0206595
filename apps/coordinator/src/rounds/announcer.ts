import { Injectable } from '@nestjs/common';
import { parseAck, type AnswerOf, type EventsFrom, type MessageOf } from '@seedfleet/protocol';
import { serverLimits } from '../app/limits.js';
import { ReplicaNews, type NewsCarrier } from '../replicas/replica-news.js';
import { Presence, type DeviceServer, type DeviceSocket } from '../devices/presence.js';

type Asked = 'round:start' | 'evaluation:start' | 'run:assigned';
/** What was answered: yes, no and why; or nothing in time, or nobody was there. */
export type AnswerTo<E extends Asked> = AnswerOf<E> | 'unanswered' | 'offline';

/** socket.io's types do not follow an event that is itself a type parameter; ours do. */
interface UntypedSender { emit(event: string, message: unknown, answer?: (answer: unknown) => void): void }

function answerOf<E extends Asked>(event: E, answer: unknown): AnswerTo<E> {
  try {
    return parseAck(event, answer);
  } catch {
    return 'unanswered';
  }
}

/** Speaks to the devices of a run. A device that is not there is not an error: it asks for the log when it is back. */
@Injectable()
export class Announcer {
  private server: ReturnType<DeviceServer['of']> | undefined;

  constructor(private readonly presence: Presence, private readonly news: ReplicaNews) {}

  /** @param namespace of the devices; given by the session gateway when it is up */
  attach(namespace: ReturnType<DeviceServer['of']>): void {
    this.server = namespace;
    this.news.attach(namespace as unknown as NewsCarrier);
  }

  /** From now on the connection hears the commits of the run. */
  join(run: number, socket: DeviceSocket): void {
    void socket.join(room(run, sliceOf(socket.data.device)));
  }

  start(device: string, message: MessageOf<'round:start'>): Promise<AnswerTo<'round:start'>> {
    return this.ask(device, { event: 'round:start', message, waitMs: Math.min(serverLimits.startAckTimeoutMs, message.deadlineMs) });
  }

  startEvaluation(device: string, message: MessageOf<'evaluation:start'>): Promise<AnswerTo<'evaluation:start'>> {
    return this.ask(device, { event: 'evaluation:start', message, waitMs: serverLimits.startAckTimeoutMs });
  }

  assign(device: string, run: number): Promise<AnswerTo<'run:assigned'>> {
    const socket = this.presence.socketOf(device);
    if (socket !== undefined) this.join(run, socket);
    return this.ask(device, { event: 'run:assigned', message: { run }, waitMs: serverLimits.startAckTimeoutMs });
  }

  /** To every member that is connected, here or at another replica. */
  broadcastCommit({ run, round, commit }: { run: number; round: number; commit: Uint8Array }): Promise<void> {
    this.news.tell({ type: 'commit', run, round, commit });
    return this.broadcastHere(run, 'round:commit', { run, commit });
  }

  /** A commit that another replica made, to the members that are connected here. */
  passCommitOn(run: number, commit: Uint8Array): Promise<void> {
    return this.broadcastHere(run, 'round:commit', { run, commit });
  }

  broadcastEnd(message: MessageOf<'run:ended'>): Promise<void> {
    this.news.tell({ type: 'ended', ...message });
    return this.broadcastHere(message.run, 'run:ended', message);
  }

  passEndOn(message: MessageOf<'run:ended'>): Promise<void> {
    return this.broadcastHere(message.run, 'run:ended', message);
  }

  /** Other replicas ask their own devices, of the cohort or for an evaluation: they read it from the database. */
  opened(run: number): void {
    this.news.tell({ type: 'opened', run });
  }

  /** For one device that has come to the end of a run after its other members. */
  tellEnd(device: string, message: MessageOf<'run:ended'>): void {
    this.presence.socketOf(device)?.emit('run:ended', message);
  }

  /** Members of a run that are connected here come back and say where they stand. */
  reconnect(run: number): void {
    for (let slice = 0; slice < serverLimits.broadcastSlices; slice++) this.server?.local.in(room(run, slice)).disconnectSockets(true);
  }

  /** Waits for the answer, but no longer than the connection lives. An answer that is none counts as unanswered. */
  private ask<E extends Asked>(device: string, { event, message, waitMs }: { event: E; message: MessageOf<E>; waitMs: number }): Promise<AnswerTo<E>> {
    const socket = this.presence.socketOf(device);
    if (socket === undefined) return Promise.resolve('offline');
    return new Promise((resolve) => {
      const end = (answer: AnswerTo<E>) => {
        clearTimeout(timer);
        socket.off('disconnect', leave);
        resolve(answer);
      };
      const leave = () => end('offline');
      const timer = setTimeout(() => end('unanswered'), waitMs);
      socket.once('disconnect', leave);
      (socket as unknown as UntypedSender).emit(event, message, (answer: unknown) => end(answerOf(event, answer)));
    });
  }

  /** To the members here, in slices: one broadcast to thousands would hold the event loop while reports wait. Each slice is encoded once. */
  private async broadcastHere<E extends EventsFrom<'coordinator'> & ('round:commit' | 'run:ended')>(run: number, event: E, message: MessageOf<E>): Promise<void> {
    for (let slice = 0; slice < serverLimits.broadcastSlices; slice++) {
      const name = room(run, slice);
      if (this.server === undefined || !this.server.adapter.rooms.has(name)) continue;
      (this.server.local.to(name) as unknown as UntypedSender).emit(event, message);
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
