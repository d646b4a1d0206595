import { type Refusal } from '@seedfleet/errors';
import { type z } from 'zod';
import { deviceDoctor, deviceLog, devicePing, deviceResync, deviceRotateKey } from './devices.js';
import { type EventDefinition, type EventSource } from './event.js';
import { evaluationReport, evaluationStart } from './evaluations.js';
import { ledgerTail } from './ledger.js';
import { roundCommit, roundReport, roundStart } from './rounds.js';
import { runAssigned, runEnded, runPrepared } from './runs.js';
import { packetInvalid, sessionHello, sessionRefused } from './session.js';

/** Every event between a device and its coordinator, by name. */
export const deviceEvents = {
  'packet:invalid': packetInvalid,
  'session:hello': sessionHello,
  'session:refused': sessionRefused,
  'run:assigned': runAssigned,
  'run:prepared': runPrepared,
  'round:start': roundStart,
  'round:report': roundReport,
  'round:commit': roundCommit,
  'ledger:tail': ledgerTail,
  'evaluation:start': evaluationStart,
  'evaluation:report': evaluationReport,
  'run:ended': runEnded,
  'device:ping': devicePing,
  'device:resync': deviceResync,
  'device:doctor': deviceDoctor,
  'device:log': deviceLog,
  'device:rotate-key': deviceRotateKey,
} as const satisfies Record<string, EventDefinition>;

export type DeviceEvents = typeof deviceEvents;
export type DeviceEvent = keyof DeviceEvents;
/** The events that one side sends. */
export type EventsFrom<F extends EventSource> = { [E in DeviceEvent]: DeviceEvents[E]['from'] extends F ? E : never }[DeviceEvent];

export type MessageOf<E extends DeviceEvent> = z.infer<DeviceEvents[E]['message']>;
export type AckOf<E extends DeviceEvent> = DeviceEvents[E]['ack'] extends infer A extends z.ZodType ? z.infer<A> : Record<never, never>;
/** What the sender of an event gets back. */
export type Answer<Ack> = ({ ok: true } & Ack) | { ok: false; error: Refusal };
export type AnswerOf<E extends DeviceEvent> = Answer<AckOf<E>>;

/** Listener of one event: with an answer to give if the event has one. */
export type ListenerOf<E extends DeviceEvent> = DeviceEvents[E]['ack'] extends null
  ? (message: MessageOf<E>) => void
  : (message: MessageOf<E>, answer: (answer: AnswerOf<E>) => void) => void;
/** Listener of what the decoder made of unreadable bytes; there is somebody to answer only if the packet wanted an ack. */
export type InvalidPacketListener = (message: MessageOf<'packet:invalid'>, answer?: (answer: { ok: false; error: Refusal }) => void) => void;

/** What a device hears: event map for the types of socket.io. */
export type CoordinatorEventMap = { [E in EventsFrom<'coordinator'>]: ListenerOf<E> } & { 'packet:invalid': InvalidPacketListener };
/** What the coordinator hears: event map for the types of socket.io. */
export type DeviceEventMap = { [E in EventsFrom<'device'>]: ListenerOf<E> } & { 'packet:invalid': InvalidPacketListener };

/** Whether text names an event of the catalog. */
export function isDeviceEvent(name: string): name is DeviceEvent {
  return Object.hasOwn(deviceEvents, name);
}
