import { WireError, type WireValue } from './wire.js';

/**
 * What of a value msgpack can carry, as JSON does it: absent fields and functions are left out of objects. For the data of connect packets,
 * whose shape belongs to socket.io and to the authentication, not to the catalog.
 */
export function plainValue(value: unknown): WireValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string' || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item) => plainValue(item ?? null));
  if (typeof value !== 'object') throw new WireError('holds a value that no packet can carry');
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined && typeof item !== 'function').map(([key, item]) => [key, plainValue(item)]));
}
