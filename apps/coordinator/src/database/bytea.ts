/** Bytes as Prisma writes them: a view over an ArrayBuffer of its own, never over a shared or pooled one. */
export function bytea(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
