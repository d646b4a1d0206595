import { FleetError } from '@seedfleet/errors';

/** RFC 4648 base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * The bytes of an RFC 4648 base64 text with padding.
 * @throws FleetError `bytes.malformed`
 */
export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new FleetError('bytes.malformed', { problem: 'The text is not base64 with padding.' });
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
