import { WireError, type WireValue } from './wire.js';

/** Namespaces that have a number. The order is the number on the wire: append only. */
export const namespaces = ['/', '/device', '/admin'] as const;

/** Stands for a namespace that has no number; its name follows as text. */
const named = 15;
const nameCharactersMax = 255;

/** Number of a namespace, and its name if it needs one. */
export function encodeNamespace(name: string): { number: number; name?: string } {
  const number = namespaces.findIndex((known) => known === name);
  return number >= 0 ? { number } : { number: named, name };
}

/** Name of a namespace; `readName` is called only for those without a number. */
export function decodeNamespace(number: number, readName: () => WireValue): string {
  if (number !== named) {
    const known = namespaces[number];
    if (known === undefined) throw new WireError('names an unknown namespace');
    return known;
  }
  const name = readName();
  if (typeof name !== 'string' || !name.startsWith('/') || name.length > nameCharactersMax) throw new WireError('names an unknown namespace');
  return name;
}
