import { InvariantError } from '@seedfleet/errors';
import { type z } from 'zod';
import { ownWireOf, WireError, type Wire, type WireValue } from './wire.js';

const cache = new WeakMap<z.ZodType, Wire>();

/**
 * The wire of a schema, derived from its shape. An object is the list of its values in the order of its fields: literals take no place,
 * trailing absent fields neither, absent ones inside are nil. An enum is the index of its value, a union is a list behind the index of
 * its option. A list that is longer than its object is from a newer peer: what follows is not read.
 * @throws InvariantError for a kind of schema that has no wire: a mistake in the catalog
 */
export function wireOf(schema: z.ZodType): Wire {
  const known = ownWireOf(schema) ?? cache.get(schema);
  if (known !== undefined) return known;
  const wire = derive(schema);
  cache.set(schema, wire);
  return wire;
}

function derive(schema: z.ZodType): Wire {
  const { def } = schema as unknown as { def: z.core.$ZodTypes['_zod']['def'] };
  switch (def.type) {
    case 'boolean': return primitive('boolean');
    case 'number': return primitive('number');
    case 'string': return primitive('string');
    case 'enum': return choice(Object.values(def.entries));
    case 'optional': return wireOf(def.innerType as z.ZodType);
    case 'nullable': return nullable(wireOf(def.innerType as z.ZodType));
    case 'array': return list(wireOf(def.element as z.ZodType));
    case 'object': return record(def.shape as Record<string, z.ZodType>);
    case 'union': return union(def.options as z.ZodType[]);
    default: throw new InvariantError(`A schema of type ${def.type} has no wire.`);
  }
}

function primitive(type: 'boolean' | 'number' | 'string'): Wire {
  const check = (value: unknown) => {
    if (typeof value !== type) throw new WireError(`must be a ${type}`);
    return value as WireValue;
  };
  return { encode: check, decode: check };
}

function choice(values: readonly unknown[]): Wire {
  const problem = `must be one of: ${values.join(', ')}`;
  return {
    encode: (value) => {
      const index = values.indexOf(value);
      if (index < 0) throw new WireError(problem);
      return index;
    },
    decode: (value) => {
      if (typeof value !== 'number' || !Object.hasOwn(values, value)) throw new WireError(problem);
      return values[value];
    },
  };
}

function nullable(inner: Wire): Wire {
  return {
    encode: (value) => (value === null ? null : inner.encode(value)),
    decode: (value) => (value === null ? null : inner.decode(value)),
  };
}

function requireList(value: WireValue | undefined): WireValue[] {
  if (!Array.isArray(value)) throw new WireError('must be a list');
  return value;
}

function list(element: Wire): Wire {
  return {
    encode: (value) => {
      if (!Array.isArray(value)) throw new WireError('must be a list');
      return value.map((item, index) => within(String(index), () => element.encode(item)));
    },
    decode: (value) => requireList(value).map((item, index) => within(String(index), () => element.decode(item))),
  };
}

interface Field {
  name: string;
  wire: Wire;
  isOptional: boolean;
  isNullable: boolean;
}

function record(shape: Record<string, z.ZodType>): Wire {
  const literals: [string, unknown][] = [];
  const fields: Field[] = [];
  for (const [name, schema] of Object.entries(shape)) {
    const { def } = schema as unknown as { def: z.core.$ZodTypes['_zod']['def'] };
    if (def.type === 'literal') literals.push([name, def.values[0]]);
    else fields.push({ name, wire: wireOf(schema), isOptional: schema.safeParse(undefined).success, isNullable: schema.safeParse(null).success });
  }
  return {
    encode: (value) => encodeRecord(value, { fields, literals }),
    decode: (value) => decodeRecord(requireList(value), { fields, literals }),
  };
}

interface RecordShape {
  fields: Field[];
  literals: [string, unknown][];
}

function encodeRecord(value: unknown, { fields, literals }: RecordShape): WireValue[] {
  if (typeof value !== 'object' || value === null) throw new WireError('must be an object');
  const object = value as Record<string, unknown>;
  for (const [name, literal] of literals) {
    if (object[name] !== literal) throw new WireError(`must be ${String(literal)}`, name);
  }
  const items = fields.map(({ name, wire, isOptional }) => {
    if (object[name] !== undefined) return within(name, () => wire.encode(object[name]));
    if (!isOptional) throw new WireError('is missing', name);
    return undefined;
  });
  const places = items.findLastIndex((item) => item !== undefined) + 1;
  const known = items.filter((item) => item !== undefined).length + literals.length;
  // A field that has no place would be lost without a word.
  if (Object.values(object).filter((item) => item !== undefined).length > known) throw new WireError('has a field that it must not have');
  return items.slice(0, places).map((item) => item ?? null);
}

function decodeRecord(items: WireValue[], { fields, literals }: RecordShape): Record<string, unknown> {
  const object: Record<string, unknown> = Object.fromEntries(literals);
  fields.forEach(({ name, wire, isOptional, isNullable }, place) => {
    const item = items[place];
    if (item === undefined || (item === null && isOptional && !isNullable)) {
      if (!isOptional) throw new WireError('is missing', name);
    } else object[name] = within(name, () => wire.decode(item));
  });
  return object;
}

function union(options: z.ZodType[]): Wire {
  const wires = options.map(wireOf);
  return {
    encode: (value) => {
      const problems: unknown[] = [];
      for (const [index, wire] of wires.entries()) {
        try {
          return [index, ...requireList(wire.encode(value))];
        } catch (error) {
          problems.push(error);
        }
      }
      throw problems[0];
    },
    decode: (value) => {
      const [index, ...items] = requireList(value);
      const wire = typeof index === 'number' ? wires[index] : undefined;
      if (wire === undefined) throw new WireError('is of an unknown kind');
      return wire.decode(items);
    },
  };
}

function within<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof WireError ? error.within(field) : error;
  }
}
