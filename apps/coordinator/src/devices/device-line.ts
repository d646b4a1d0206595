import { Injectable } from '@nestjs/common';
import { errors, FleetError, type ErrorCode, type Refusal } from '@seedfleet/errors';
import { toHex } from '@seedfleet/ledger';
import { parseAck, type AckOf, type AnswerOf, type MessageOf } from '@seedfleet/protocol';
import { Luck } from '../app/surroundings.js';
import { ReplicaNews } from '../replicas/replica-news.js';
import { DeviceRepository } from './device.repository.js';
import { Presence, type DeviceSocket } from './presence.js';

/** What operators ask devices. */
export type Question = 'device:ping' | 'device:resync' | 'device:doctor' | 'device:log' | 'device:rotate-key';

/** socket.io's types do not follow an event that is itself a type parameter; ours do. */
interface UntypedSender { emit(event: string, message: unknown, answer: (answer: unknown) => void): void }

/** One question to one device, wherever it is connected, with an answer in bounded time or an error that says why there is none. */
@Injectable()
export class DeviceLine {
  /** questions that another replica asks for us, by ticket */
  private readonly passedOn = new Map<string, (answer: unknown) => void>();

  constructor(private readonly presence: Presence, private readonly devices: DeviceRepository, private readonly news: ReplicaNews, private readonly luck: Luck) {
    news.on('asked', ({ ticket, device, event, message, waitMs }) => void this.askForAnother({ ticket, device, event, message, waitMs }));
    news.on('answered', ({ ticket, answer }) => this.passedOn.get(ticket)?.(answer));
  }

  /** @throws FleetError `device.offline`, `device.unanswered`, `device.worker-too-old`, or what the device answers */
  async ask<E extends Question>(device: string, { event, message, waitMs }: { event: E; message: MessageOf<E>; waitMs: number }): Promise<AckOf<E>> {
    const socket = this.presence.socketOf(device);
    const value = socket === undefined ? await this.askElsewhere(device, { event, message, waitMs }) : await answerOf(socket, { event, message, waitMs });
    if (value === unanswered) throw new FleetError('device.unanswered', { field: 'id', problem: `The device did not answer within ${Math.round(waitMs / 1000)} s.` });
    return acceptedOf(event, value);
  }

  private async askElsewhere(device: string, question: { event: Question; message: unknown; waitMs: number }): Promise<unknown> {
    const row = await this.devices.find(device);
    if (row === null) throw new FleetError('request.not-found', { field: 'id', problem: 'There is no such device.' });
    if (row.replicaId === null) throw offline(row.lastSeenAt);
    const ticket = toHex(this.luck.bytes(16));
    return new Promise((resolve) => {
      const end = (answer: unknown) => {
        clearTimeout(timer);
        this.passedOn.delete(ticket);
        resolve(answer);
      };
      const timer = setTimeout(() => end(unanswered), question.waitMs + passOnMs);
      this.passedOn.set(ticket, end);
      this.news.tell({ type: 'asked', ticket, device, ...question });
    });
  }

  private async askForAnother({ ticket, device, ...question }: { ticket: string; device: string; event: string; message: unknown; waitMs: number }): Promise<void> {
    const socket = this.presence.socketOf(device);
    if (socket === undefined) return;
    const answer = await answerOf(socket, question);
    if (answer !== unanswered) this.news.tell({ type: 'answered', ticket, answer });
  }
}

const unanswered = Symbol('unanswered');
/** On top of the wait for the device: the way to its replica and back. */
const passOnMs = 1_000;

/** What the device answers, but no longer than the connection lives. */
function answerOf(socket: DeviceSocket, { event, message, waitMs }: { event: string; message: unknown; waitMs: number }): Promise<unknown> {
  return new Promise((resolve) => {
    const end = (answer: unknown) => {
      clearTimeout(timer);
      socket.off('disconnect', leave);
      resolve(answer);
    };
    const leave = () => end(unanswered);
    const timer = setTimeout(leave, waitMs);
    socket.once('disconnect', leave);
    (socket as unknown as UntypedSender).emit(event, message, end);
  });
}

function acceptedOf<E extends Question>(event: E, value: unknown): AckOf<E> {
  let answer: AnswerOf<E>;
  try {
    answer = parseAck(event, value);
  } catch (cause) {
    throw new FleetError('device.unanswered', { field: 'id', problem: 'The device answered in another shape than asked for.', cause });
  }
  if (answer.ok) return answer;
  throw refused(answer.error);
}

/** By its code alone: words of a device are not passed on. An older worker cannot read the question. */
function refused({ code }: Refusal): FleetError {
  if (code === 'packet.malformed') return new FleetError('device.worker-too-old', { field: 'id', problem: 'The worker of this device does not know this question.' });
  return new FleetError(isKnown(code) ? code : 'device.unanswered', { field: 'id', problem: `The device refused with ${code}.` });
}

function isKnown(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code);
}

function offline(lastSeenAt: Date | null): FleetError {
  const when = lastSeenAt === null ? 'it has never been connected' : `it was last seen at ${lastSeenAt.toISOString()}`;
  return new FleetError('device.offline', { field: 'id', problem: `The device is offline; ${when}.` });
}
