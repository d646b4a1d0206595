import { deviceEvents } from '../events/device-events.js';
import { type EventDefinition } from '../events/event.js';
import { liveEvents } from '../events/live-events.js';
import { refusalSchema } from '../events/fields.js';
import { wireOf } from './schema-wire.js';
import { type Wire } from './wire.js';

/** What the parser knows of an event. */
export interface EventWire {
  name: string;
  number: number;
  /** false: made by a decoder, so never encoded and never accepted from a peer */
  travels: boolean;
  message: Wire;
  /** null: a positive answer holds nothing */
  ack: Wire | null;
}

const catalog: Record<string, EventDefinition> = { ...deviceEvents, ...liveEvents };
const eventWires: EventWire[] = Object.entries(catalog).map(([name, { number, from, message, ack }]) => ({
  name, number, travels: from !== 'parser', message: wireOf(message), ack: ack === null ? null : wireOf(ack),
}));

export const eventByName: ReadonlyMap<string, EventWire> = new Map(eventWires.map((event) => [event.name, event]));
export const eventByNumber: ReadonlyMap<number, EventWire> = new Map(eventWires.map((event) => [event.number, event]));
export const refusalWire: Wire = wireOf(refusalSchema);
