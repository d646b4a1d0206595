import fc from 'fast-check';
import { filterMatches, parseFilter, type FilterSubject } from './filter.js';

const fields = { name: 'text', state: 'choice', tag: 'words', memory: 'number', seen: 'age' } as const;
type Field = keyof typeof fields;
const laptop: FilterSubject<Field> = { name: 'Laptop 7', state: 'active', tag: ['lab', 'gpu'], memory: 8_000, seen: 60_000 };
const hour = 3_600_000;

test.each([
  ['', true], ['  ', true],
  ['state=active', true], ['state=pending', false], ['state=pending,active', true], ['state!=pending', true], ['state!=pending,active', false],
  ['name="Laptop 7"', true], ['name=laptop', false], ['name~laptop', true], ['name~"top 7"', true], ['name!~phone', true],
  ['tag=lab', true], ['tag=office', false], ['tag=office,gpu', true], ['tag!=lab', false], ['tag=lab tag=gpu', true], ['tag=lab tag=office', false],
  ['memory>=8000', true], ['memory>8000', false], ['memory<1e4', true], ['memory=8000', true],
  ['seen<1h', true], ['seen>1h', false], ['seen<=1m', true], ['seen<59s', false], ['seen<1d state=active name~lap', true],
])('of a laptop, `%s` is %s', (text, expected) => {
  expect(filterMatches(parseFilter(text, fields), laptop)).toBe(expected);
});

test.each([['seen<1h', false], ['seen>1h', false], ['name=x', false], ['name!=x', true], ['memory!=1', true], ['memory<1', false]])('of a thing without values, `%s` is %s', (text, expected) => {
  expect(filterMatches(parseFilter(text, fields), { name: null, state: 'active', tag: [], memory: null, seen: null })).toBe(expected);
});

test.each([
  ['nme=x', /no field "nme"; fields are name, state, tag, memory, seen/], ['state~act', /cannot be compared by ~; it can by = !=/], ['name', /At character 1/],
  ['state=active name= x', /At character 14/], ['name="open', /At character 1/], ['memory>much', /with a number/], ['seen<yesterday', /an age/], ['seen<1h,2h', /with one value, not with 2/],
  ['name=a"b"', null], ['state=active,', /At character 1/], ['constructor=1', /no field/],
])('`%s` is refused with what is wrong, and where', (text, problem) => {
  if (problem === null) {
    expect(parseFilter(text, fields)[0]?.values).toEqual(['ab']);
    return;
  }
  expect(() => parseFilter(text, fields)).toThrow(expect.objectContaining({ code: 'filter.invalid', problem: expect.stringMatching(problem) }));
});

test('any value can be written in quotes and is read as it was', () => {
  fc.assert(fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }), (values) => {
    const written = values.map((value) => `"${value.replace(/["\\]/gu, '\\$&')}"`).join(',');
    expect(parseFilter(`name=${written}`, fields)).toEqual([{ field: 'name', comparison: '=', values, numbers: [] }]);
  }));
});

test('no text makes the reader hang or throw anything but a refusal', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'name=~!<>"\\, 1h') }), (text) => {
    try {
      parseFilter(text, fields);
    } catch (error) {
      expect(error).toMatchObject({ code: 'filter.invalid' });
    }
  }), { numRuns: 2_000 });
});

test('ages are read in milliseconds', () => {
  expect(parseFilter('seen>90m', fields)[0]?.numbers).toEqual([1.5 * hour]);
});
