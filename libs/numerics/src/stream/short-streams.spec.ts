import fc from 'fast-check';
import { openShortStreams, shortStream, shortStreamsMax, turnedShortStreams, turnedWordsMax } from './short-streams.js';

test('turned streams hold the bits of each value in one byte, bit j from stream j', () => {
  expect(openShortStreams().wasm).toBeDefined();
  fc.assert(fc.property(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: turnedWordsMax }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (run, words, key) => {
    const start = turnedWordsMax * run;
    const streams = Array.from({ length: shortStreamsMax }, (_, j) => shortStream(j, start + words, { key, n0: j, n1: 0, n2: 5 }));
    const turned = turnedShortStreams(start, words) ?? [];
    for (let i = 0; i < 32 * words; i++) {
      const bits = streams.reduce((sum, stream, j) => sum | (stream[start + (i >> 5)]! >>> (i & 31) & 1) << j, 0);
      // Of 32 values those with one bit number modulo 8 stand together.
      expect(turned[(i & -32) | (i & 7) << 2 | (i >> 3 & 3)]).toBe(bits);
    }
  }), { numRuns: 5 });
});
