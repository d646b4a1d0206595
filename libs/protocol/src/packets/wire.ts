import { type z } from 'zod';

/** What msgpack carries: the only values that stand in a packet. */
export type WireValue = null | boolean | number | string | Uint8Array | WireValue[] | { [key: string]: WireValue };

/** How one field crosses the socket. `decode` checks the kind of value only; ranges and lengths are the schema's. */
export interface Wire {
  encode(value: unknown): WireValue;
  decode(value: WireValue): unknown;
}

/** A value that is not of the kind its field says; `path` leads to the field. Never holds the value. */
export class WireError extends Error {
  override readonly name = 'WireError';
  constructor(readonly problem: string, readonly path: string = '') {
    super(problem);
  }

  /** The same problem seen from one level up. */
  within(field: string): WireError {
    return new WireError(this.problem, this.path === '' ? field : `${field}.${this.path}`);
  }
}

const wires = new WeakMap<z.ZodType, Wire>();

/** Gives a schema whose values msgpack does not know (typed arrays) its bytes. */
export function withWire<S extends z.ZodType>(wire: Wire, schema: S): S {
  wires.set(schema, wire);
  return schema;
}

/** The wire that `withWire` gave a schema. */
export function ownWireOf(schema: z.ZodType): Wire | undefined {
  return wires.get(schema);
}
