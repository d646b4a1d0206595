import fc from 'fast-check';
import { InvariantError } from '@seedfleet/errors';
import { aggregateGroups, type DeviceReport } from './aggregate-groups.js';

const queries = 3;
const aReport = (change: Partial<DeviceReport> = {}): DeviceReport => ({ device: 'a', group: 0, examples: 8, differences: Float32Array.of(1, 2, 3), ...change });
const manyReports = (): fc.Arbitrary<DeviceReport[]> => fc.uniqueArray(fc.record({
  device: fc.string({ minLength: 1, maxLength: 6 }), group: fc.nat({ max: 3 }), examples: fc.integer({ min: 1, max: 64 }),
  differences: fc.float32Array({ minLength: queries, maxLength: queries, noNaN: true, noDefaultInfinity: true, min: -100, max: 100 }),
}), { minLength: 1, maxLength: 12, selector: ({ device }) => device });

test('devices count by their examples', () => {
  const { differences, reports, examples } = aggregateGroups({ queries, reports: [aReport(), aReport({ device: 'b', examples: 24, differences: Float32Array.of(5, -2, 3) })] });
  expect([...differences]).toEqual([4, -1, 3]);
  expect({ reports, examples }).toEqual({ reports: 2, examples: 32 });
});

test('groups are averaged apart and stand in ascending order; a group without reports is absent', () => {
  const { groups, differences } = aggregateGroups({ queries: 1, reports: [
    aReport({ device: 'a', group: 5, differences: Float32Array.of(7) }), aReport({ device: 'b', group: 2, differences: Float32Array.of(1) }), aReport({ device: 'c', group: 2, differences: Float32Array.of(3) }),
  ] });
  expect(groups).toEqual([2, 5]);
  expect([...differences]).toEqual([2, 7]);
});

test('a device alone in its group is its own mean, bit for bit', () => fc.assert(fc.property(manyReports(), (reports) => {
  const [only] = reports as [DeviceReport];
  expect([...aggregateGroups({ queries, reports: [only] }).differences]).toEqual([...only.differences].map((value) => value + 0));
})));

test('the order of arrival never changes a bit', () => fc.assert(fc.property(manyReports(), fc.infiniteStream(fc.nat()), (reports, luck) => {
  const shuffled = reports.map((report) => ({ report, at: luck.next().value })).sort((a, b) => a.at - b.at).map(({ report }) => report);
  expect(aggregateGroups({ queries, reports: shuffled })).toEqual(aggregateGroups({ queries, reports }));
})));

test('a mean lies between the smallest and the largest report of its group', () => fc.assert(fc.property(manyReports(), (reports) => {
  const { groups, differences } = aggregateGroups({ queries, reports });
  groups.forEach((group, g) => {
    for (let j = 0; j < queries; j++) {
      const values = reports.filter((report) => report.group === group).map((report) => report.differences[j] ?? NaN);
      const mean = differences[g * queries + j] ?? NaN;
      expect(mean).toBeGreaterThanOrEqual(Math.min(...values) - 1e-12);
      expect(mean).toBeLessThanOrEqual(Math.max(...values) + 1e-12);
    }
  });
})));

test('the reports that were given stay as they were', () => {
  const reports = [aReport({ device: 'b' }), aReport({ device: 'a' })];
  aggregateGroups({ queries, reports });
  expect(reports).toEqual([aReport({ device: 'b' }), aReport({ device: 'a' })]);
});

const broken: [string, DeviceReport[]][] = [
  ['no reports', []],
  ['two reports of one device', [aReport(), aReport()]],
  ['another number of differences', [aReport({ differences: Float32Array.of(1) })]],
  ['a difference that is not finite', [aReport({ differences: Float32Array.of(1, NaN, 2) })]],
  ['no examples', [aReport({ examples: 0 })]],
  ['a group that is no number', [aReport({ group: NaN })]],
];
test.each(broken)('%s breaks an invariant: the conductor refuses it before', (_name, reports) => {
  expect(() => aggregateGroups({ reports, queries })).toThrow(InvariantError);
});
