import { FleetError, InvariantError } from '@seedfleet/errors';
import { limits } from '../limits.js';
import { eventByName, eventByNumber, refusalWire } from './event-wires.js';
import { plainValue } from './plain-value.js';
import { MsgpackWriter } from './msgpack-writer.js';
import { encodeNamespace } from './namespaces.js';
import { isPacketId, packetType, splitId, type Packet } from './packet.js';
import { WireError, type WireValue } from './wire.js';

/**
 * Packets to bytes. Every packet is one msgpack list that begins with `head` = type + 8 * namespace (then the namespace's name, if it has
 * no number), and goes on:
 *   connect [head, data?]   disconnect [head]   connect error [head, data]
 *   event   [head, event number, id or nil, [fields]]
 *   ack     [head, id, event number]  [..., [fields]]  or, refused, [..., nil, [code, problem, fix, retryable, field?]]
 * Holds no state, and leaves what it encodes alone.
 */
export class Encoder {
  /**
   * @returns one binary chunk
   * @throws FleetError `message.invalid` (with the field) or `packet.too-large`: the sender's own mistake, told before anything is sent
   */
  encode(packet: Packet): Uint8Array[] {
    const bytes = encodePacket(packet);
    if (bytes.length > limits.packetBytesMax) {
      throw new FleetError('packet.too-large', { problem: `The packet has ${bytes.length} bytes, the limit is ${limits.packetBytesMax}.` });
    }
    return [bytes];
  }
}

function encodePacket(packet: Packet): Uint8Array {
  const namespace = encodeNamespace(packet.nsp);
  const items: WireValue[] = [packet.type + 8 * namespace.number];
  if (namespace.name !== undefined) items.push(namespace.name);
  try {
    items.push(...bodyOf(packet));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const { path, problem } = error;
    throw new FleetError('message.invalid', path === '' ? { problem: `The message ${problem}.` } : { field: path, problem: `Field ${path} ${problem}.` });
  }
  const writer = new MsgpackWriter();
  writer.value(items);
  return writer.take();
}

function bodyOf(packet: Packet): WireValue[] {
  switch (packet.type) {
    case packetType.connect:
    case packetType.connectError: return packet.data === undefined || packet.data === null ? [] : [plainValue(packet.data)];
    case packetType.disconnect: return [];
    case packetType.event: return eventBody(packet);
    case packetType.ack: return ackBody(packet);
    default: throw new InvariantError(`A packet of type ${packet.type} has no encoding.`);
  }
}

function argumentsOf(packet: Packet): unknown[] {
  return Array.isArray(packet.data) ? packet.data : [];
}

function eventBody(packet: Packet): WireValue[] {
  const [name, message, ...rest] = argumentsOf(packet);
  const event = typeof name === 'string' ? eventByName.get(name) : undefined;
  if (event === undefined || !event.travels) throw new WireError('belongs to no event of the catalog');
  if (rest.length > 0) throw new WireError('must be one object');
  return [event.number, packet.id ?? null, event.message.encode(message)];
}

function ackBody(packet: Packet): WireValue[] {
  const [answer, ...rest] = argumentsOf(packet);
  const { id, event } = splitId(packet.id ?? -1);
  if (!isPacketId(id)) throw new WireError('answers nothing');
  if (typeof answer !== 'object' || answer === null || !('ok' in answer) || rest.length > 0) throw new WireError('must be one answer {ok, ...}');
  const { ok, ...fields } = answer;
  if (ok !== true) return [id, event, null, refusalWire.encode('error' in fields ? fields.error : undefined)];
  const ack = eventByNumber.get(event)?.ack?.encode(fields) as WireValue[] | undefined;
  return ack === undefined || ack.length === 0 ? [id, event] : [id, event, ack];
}
