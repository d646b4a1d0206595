import fc from 'fast-check';
import { readVectors } from '../../vectors/vector-files.js';
import { fromHex, toHex } from '@seedfleet/ledger';
import { blockStream as inBrowser } from './browser.js';
import { type BlockStream } from './block-stream.js';
import { chachaBlocksInto } from './chacha-blocks.js';
import { keystream } from './keystream.js';
import { openShortStreams, shortStream } from './short-streams.js';
import { blockStream as inNode } from './node.js';

const inWords: BlockStream = ({ key, nonce, counter, length }) => {
  // What stood there before does not matter.
  const words = new Int32Array(16 * Math.ceil(length / 64)).fill(-1);
  const [n0 = 0, n1 = 0, n2 = 0] = new Int32Array(nonce.slice().buffer);
  chachaBlocksInto(words, { key, n0, n1, n2, counter });
  return new Uint8Array(words.buffer, 0, length);
};
const inVectors: BlockStream = ({ key, nonce, counter, length }) => {
  const [n0 = 0, n1 = 0, n2 = 0] = new Int32Array(nonce.slice().buffer);
  const words = shortStream(counter % 8, Math.ceil(length / 4), { key, n0, n1, n2, counter });
  return new Uint8Array(words.slice(0, Math.ceil(length / 4)).buffer, 0, length);
};
const platforms: [string, BlockStream][] = [['Node', inNode], ['a browser', inBrowser], ['plain JavaScript', inWords], ['WebAssembly', inVectors]];
const key = () => fc.uint8Array({ minLength: 32, maxLength: 32 });
const nonce = () => fc.uint8Array({ minLength: 12, maxLength: 12 });

describe.each(platforms)('the ChaCha20 of %s', (_name, stream) => {
  test.each(readVectors('rfc8439').blocks)('gives the key stream of RFC 8439 section $section', ({ key, nonce, counter, bytes }) => {
    expect(toHex(stream({ key: fromHex(key), nonce: fromHex(nonce), counter, length: bytes.length / 2 }))).toBe(bytes);
  });
});

test('all give the same bytes for any key, nonce, counter and length, ready to be read as words', () => fc.assert(fc.property(
  key(), nonce(), fc.integer({ min: 0, max: 2 ** 32 - 50 }), fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1500, max: 3000 })),
  (key, nonce, counter, length) => {
    const [first, ...rest] = platforms.map(([, stream]) => stream({ key, nonce, counter, length }));
    for (const stream of rest) expect(toHex(stream)).toBe(toHex(first as Uint8Array));
    for (const stream of [first as Uint8Array, ...rest]) expect(stream.byteOffset % 4).toBe(0);
  },
)));

test('WebAssembly is really used here, and may be missing elsewhere', () => {
  expect(openShortStreams().wasm).toBeDefined();
  const platform = Object.getOwnPropertyDescriptor(globalThis, 'WebAssembly') ?? {};
  Object.defineProperty(globalThis, 'WebAssembly', { ...platform, value: undefined });
  expect(openShortStreams().wasm).toBeUndefined();
  Object.defineProperty(globalThis, 'WebAssembly', platform);
});

test('a stream longer than any before is as right as a short one', () => {
  const origin = { key: new Uint8Array(32).fill(3), nonce: new Uint8Array(12).fill(4) };
  const length = 2 ** 16 + 70;
  expect(toHex(keystream({ ...origin, length }).subarray(-70))).toBe(toHex(keystream({ ...origin, counter: 2 ** 10, length: 70 })));
});

test('a stream may be read in blocks: block n of it is the stream from counter n', () => fc.assert(fc.property(key(), nonce(), fc.integer({ min: 0, max: 20 }), (key, nonce, block) => {
  const whole = keystream({ key, nonce, length: 64 * 21 });
  expect(toHex(keystream({ key, nonce, counter: block, length: 64 }))).toBe(toHex(whole.subarray(64 * block, 64 * (block + 1))));
})));

test.each([
  ['a short key', { key: new Uint8Array(16), nonce: new Uint8Array(12), length: 1 }, 'key'],
  ['a nonce of the original ChaCha', { key: new Uint8Array(32), nonce: new Uint8Array(8), length: 1 }, 'nonce'],
  ['a stream beyond 32 bits of counter', { key: new Uint8Array(32), nonce: new Uint8Array(12), counter: 2 ** 32 - 2, length: 65 }, 'length'],
  ['half a byte', { key: new Uint8Array(32), nonce: new Uint8Array(12), length: 0.5 }, 'length'],
])('%s is refused with its field', (_name, request, field) => {
  expect(() => keystream(request)).toThrow(expect.objectContaining({ code: 'numerics.length', field }));
});
