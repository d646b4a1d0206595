/** A packet as socket.io hands it to a parser and takes it from one (socket.io protocol 5). */
export interface Packet {
  type: number;
  nsp: string;
  data?: unknown;
  id?: number;
}

/** Kinds of packets, as socket.io numbers them. Its two binary kinds are never used: every packet is binary here. */
export const packetType = { connect: 0, disconnect: 1, event: 2, ack: 3, connectError: 4 } as const;

/** Numbers of events are below this. */
const eventsMax = 256;
const idMax = 2 ** 44;

/**
 * The id that a received event gets inside the process that received it. An answer must be encoded by its event, but the encoder of a
 * server is shared by all its connections and knows nothing of what was asked; so the id carries the event's number to it.
 */
export function idWithEvent({ id, event }: { id: number; event: number }): number {
  return id * eventsMax + event;
}

/** The two parts of `idWithEvent`. */
export function splitId(joined: number): { id: number; event: number } {
  return { id: Math.floor(joined / eventsMax), event: joined % eventsMax };
}

/** Whether a number can be the id of a packet. */
export function isPacketId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < idMax;
}
