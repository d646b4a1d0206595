import { FleetError } from '@seedfleet/errors';

const digits = '0123456789abcdef';

/** Lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += digits.charAt(byte >> 4) + digits.charAt(byte & 15);
  return text;
}

/**
 * The bytes of a lower- or upper-case hexadecimal text.
 * @throws FleetError `bytes.malformed`
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new FleetError('bytes.malformed', { problem: 'The text is not hexadecimal with two digits a byte.' });
  }
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
