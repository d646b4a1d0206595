/** Little-endian bytes of float64 values, the same on every platform. */
export function float64Bytes(values: Float64Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat64(8 * i, values[i] ?? 0, true);
  return bytes;
}
