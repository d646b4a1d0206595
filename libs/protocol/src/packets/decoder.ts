import { FleetError, toRefusal, type ErrorCode } from '@seedfleet/errors';
import { Emitter } from '@socket.io/component-emitter';
import { limits } from '../limits.js';
import { eventByNumber, refusalWire } from './event-wires.js';
import { MsgpackReader } from './msgpack-reader.js';
import { decodeNamespace } from './namespaces.js';
import { idWithEvent, isPacketId, packetType, type Packet } from './packet.js';
import { WireError, type WireValue } from './wire.js';

/** What could be read of a packet before it went wrong: whom it is for, and, of an event, how to answer it. */
interface Header {
  nsp?: string;
  id?: number;
  event?: number;
}

/** Head, namespace by name, event number and id together are shorter than this. */
const headerBytesMax = 1_024;

type None = Record<never, never>;

/**
 * Bytes to packets, emitted as 'decoded'. Bytes that cannot be read are emitted too, as the event `packet:invalid {event, error}` of the
 * namespace and with the ack id that they state, so that their sender gets a typed refusal and the socket stays up. Never throws of itself.
 */
export class Decoder extends Emitter<None, None, { decoded: (packet: Packet) => void }> {
  /** Namespaces of this connection: bytes that name none go to the first. */
  readonly #joined = new Set<string>();

  add(chunk: unknown): void {
    const packet = this.#decode(chunk);
    if (packet.type === packetType.connect) this.#joined.add(packet.nsp);
    if (packet.type === packetType.disconnect) this.#joined.delete(packet.nsp);
    this.emitReserved('decoded', packet);
  }

  /** Called between connections, not only at the end: a client decodes the next one with the same instance. */
  destroy(): void {
    this.#joined.clear();
  }

  #decode(chunk: unknown): Packet {
    const header: Header = {};
    try {
      const bytes = bytesOf(chunk);
      if (bytes.length > limits.packetBytesMax) {
        readHeaderIfAny(bytes, header);
        throw new FleetError('packet.too-large', { problem: `The packet has ${bytes.length} bytes, the limit is ${limits.packetBytesMax}.` });
      }
      return decodePacket(bytes, header);
    } catch (error) {
      return this.#invalid(header, error);
    }
  }

  #invalid(header: Header, error: unknown): Packet {
    const joined = header.nsp !== undefined && this.#joined.has(header.nsp) ? header.nsp : [...this.#joined][0];
    const known = eventByNumber.get(header.event ?? 0);
    const event = known?.travels === true ? known.name : null;
    return {
      type: packetType.event,
      nsp: joined ?? header.nsp ?? '/',
      data: ['packet:invalid', { event, error: toRefusal(refusable(error, event)) }],
      ...(header.id === undefined ? {} : { id: idWithEvent({ id: header.id, event: header.event ?? 0 }) }),
    };
  }
}

function refusable(error: unknown, event: string | null): unknown {
  if (!(error instanceof WireError)) return error;
  const { path, problem } = error;
  const code: ErrorCode = event === null ? 'packet.malformed' : 'message.invalid';
  return new FleetError(code, path === '' ? { problem: `The packet ${problem}.` } : { field: path, problem: `Field ${path} ${problem}.` });
}

/** Node gives Buffers, browsers ArrayBuffers; text frames come from a peer with another parser. */
function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new WireError('is not binary');
}

/** Reads what stands before the body (of an event: up to its id) and fills `header` as it goes. Returns the type and how many items are left. */
function readHeader(reader: MsgpackReader, header: Header): { type: number; items: number } {
  let items = reader.arrayHeader();
  const next = () => {
    if (items === 0) throw new WireError('ends too early');
    items -= 1;
    return reader.value();
  };
  const head = next();
  if (typeof head !== 'number' || !Number.isInteger(head) || head < 0 || head > 127) throw new WireError('has no head');
  const type = head & 7;
  header.nsp = decodeNamespace(head >> 3, next);
  if (type === packetType.event) {
    header.event = eventNumber(next());
    const id = next();
    if (id !== null) header.id = packetId(id);
  }
  return { type, items };
}

/** The head of an oversized packet, for whom to answer; if it has none, the packet is oversized all the same. */
function readHeaderIfAny(bytes: Uint8Array, header: Header): void {
  try {
    readHeader(new MsgpackReader(bytes.subarray(0, headerBytesMax)), header);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
}

function decodePacket(bytes: Uint8Array, header: Header): Packet {
  const reader = new MsgpackReader(bytes);
  const { type, items } = readHeader(reader, header);
  const rest = Array.from({ length: items }, () => reader.value());
  if (reader.left > 0) throw new WireError('has bytes behind its end');
  const nsp = header.nsp ?? '/';
  switch (type) {
    case packetType.connect: return { type, nsp, ...connectData(rest) };
    case packetType.connectError: return { type, nsp, data: connectError(rest) };
    case packetType.disconnect: return { type, nsp };
    case packetType.event: return { type, nsp, data: eventData(header, rest), ...(header.id === undefined ? {} : { id: idWithEvent({ id: header.id, event: header.event ?? 0 }) }) };
    case packetType.ack: return { type, nsp, ...ackOf(rest) };
    default: throw new WireError('is of an unknown kind');
  }
}

function eventNumber(value: WireValue): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 255) throw new WireError('names an unknown event');
  return value;
}

function packetId(value: WireValue | undefined): number {
  if (!isPacketId(value)) throw new WireError('has no usable id');
  return value;
}

function eventData(header: Header, rest: WireValue[]): unknown[] {
  const event = eventByNumber.get(header.event ?? 0);
  if (event === undefined || !event.travels) throw new WireError('names an unknown event');
  return [event.name, event.message.decode(rest[0] ?? null)];
}

function ackOf([id, number, fields = [], refusal]: WireValue[]): { id: number; data: unknown[] } {
  const answered = packetId(id);
  if (refusal !== undefined) return { id: answered, data: [{ ok: false, error: refusalWire.decode(refusal) }] };
  const event = eventByNumber.get(eventNumber(number ?? null));
  if (event === undefined) throw new WireError('answers an unknown event');
  const ack = event.ack?.decode(fields) as Record<string, unknown> | undefined;
  return { id: answered, data: [{ ok: true, ...ack }] };
}

function isMap(value: WireValue | undefined): value is { [key: string]: WireValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function connectData([data]: WireValue[]): { data?: unknown } {
  if (data === undefined) return {};
  if (!isMap(data)) throw new WireError('has connect data that are no map');
  return { data };
}

function connectError([data]: WireValue[]): unknown {
  if (!isMap(data) || typeof data['message'] !== 'string') throw new WireError('has no error message');
  return data;
}
