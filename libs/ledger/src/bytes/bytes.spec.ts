import fc from 'fast-check';
import { fromBase64, toBase64 } from './base64.js';
import { ByteReader } from './byte-reader.js';
import { compareBytes, concatBytes, equalBytes } from './byte-sequence.js';
import { ByteWriter } from './byte-writer.js';
import { fromHex, toHex } from './hex.js';

const bytes = () => fc.uint8Array({ maxLength: 100 });

test('hexadecimal and base64 give back the bytes that they were made of, and agree with Node', () => fc.assert(fc.property(bytes(), (value) => {
  expect(fromHex(toHex(value))).toEqual(value);
  expect(fromBase64(toBase64(value))).toEqual(value);
  expect(toHex(value)).toBe(Buffer.from(value).toString('hex'));
  expect(toBase64(value)).toBe(Buffer.from(value).toString('base64'));
})));

test.each(['0', '0g', 'zz', '00 11'])('"%s" is not hexadecimal', (text) => expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'bytes.malformed' })));
test.each(['A', 'AAA', 'AA=A', '????'])('"%s" is not base64', (text) => expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: 'bytes.malformed' })));

test('bytes are ordered and compared as Node does', () => fc.assert(fc.property(bytes(), bytes(), (a, b) => {
  expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
  expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
  expect(concatBytes([a, b])).toEqual(Uint8Array.from([...a, ...b]));
})));

test('a reader gives back what a writer wrote, little endian, and nothing after the end', () => fc.assert(fc.property(
  fc.nat({ max: 0xff }), fc.nat({ max: 0xffff }), fc.nat({ max: 0xffffffff }), fc.double({ noNaN: true }), bytes(),
  (u8, u16, u32, f64, tail) => {
    const written = new ByteWriter().u8(u8).u16(u16).u32(u32).f64(f64).bytes(tail).finish();
    const reader = new ByteReader(written, { code: 'log.malformed', what: 'test' });
    expect([reader.u8(), reader.u16(), reader.u32()]).toEqual([u8, u16, u32]);
    expect(Object.is(reader.f64(), f64)).toBe(true);
    expect(reader.bytes(tail.length)).toEqual(tail);
    reader.end();
    expect(() => reader.u8()).toThrow(expect.objectContaining({ code: 'log.malformed' }));
    expect([...written.subarray(1, 3)]).toEqual([u16 & 0xff, u16 >> 8]);
  },
)));
