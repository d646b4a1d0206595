import * as fc from 'fast-check';
import { BatchOrder, type BatchOrderOptions } from './batch-order.js';

const options = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 90 }),
  examples: fc.integer({ min: 1, max: 40 }),
  salt: fc.uint8Array({ minLength: 32, maxLength: 32 }),
}).map(({ lengths, examples, salt }): BatchOrderOptions => ({ members: Int32Array.from(lengths.keys(), (i) => 3 * i), lengthOf: (example) => lengths[example / 3] ?? 0, examples, salt }));

const counters = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test('every example stands once in every epoch', () => fc.assert(fc.property(options, fc.integer({ min: 0, max: 5 }), (given, epoch) => {
  const order = new BatchOrder(given);
  const size = given.members.length;
  const stream = counters(Math.ceil(((epoch + 1) * size) / order.examples)).flatMap((counter) => Array.from(order.batch(counter)));
  expect(stream.slice(epoch * size, (epoch + 1) * size).sort((a, b) => a - b)).toEqual(Array.from(given.members));
})));

test('every batch has the asked size, or holds all examples where they are fewer', () => fc.assert(fc.property(options, fc.nat(200), (given, counter) => {
  expect(new BatchOrder(given).batch(counter)).toHaveLength(Math.min(given.examples, given.members.length));
})));

test('a batch depends on the salt and its counter, not on the batches asked for before', () => fc.assert(fc.property(options, fc.array(fc.nat(60), { maxLength: 8 }), fc.nat(60), (given, before, counter) => {
  const used = new BatchOrder(given);
  before.forEach((other) => used.batch(other));
  expect(used.batch(counter)).toEqual(new BatchOrder(given).batch(counter));
})));

test('batches are of similar length: little of a batch is padding', () => {
  const lengthOf = (example: number): number => 3 + ((example * 7919) % 38);
  for (const size of [400, 407]) {
    const order = new BatchOrder({ members: Int32Array.from(counters(size)), lengthOf, examples: 16, salt: new Uint8Array(32) });
    const batches = counters(100).map((counter) => Array.from(order.batch(counter), lengthOf));
    const tokens = batches.flat().reduce((sum, length) => sum + length, 0);
    const padded = batches.reduce((sum, lengths) => sum + lengths.length * Math.max(...lengths), 0);
    // In the order of the file the same examples would fill half of their batches with padding.
    expect(tokens / padded).toBeGreaterThan(0.85);
  }
});

test('batches are not the same examples in every epoch, nor on every device', () => {
  const order = (salt: number): BatchOrder => new BatchOrder({ members: Int32Array.from(counters(64)), lengthOf: () => 9, examples: 16, salt: new Uint8Array(32).fill(salt) });
  const sets = [0, 4, 8].map((counter) => Array.from(order(1).batch(counter)).sort().join());
  expect(new Set([...sets, Array.from(order(2).batch(0)).sort().join()]).size).toBe(4);
});
