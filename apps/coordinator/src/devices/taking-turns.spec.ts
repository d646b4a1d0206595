import fc from 'fast-check';
import { takeTurns } from './taking-turns.js';

test.each([
  ['one process that comes and goes', 'AAAA', false],
  ['a device that is restarted again and again', 'ABCDE', false],
  ['restarts and lost connections', 'AABBBC', false],
  ['a machine that was set back once', 'ABAA', false],
  ['two processes in turn', 'ABAB', true],
  ['two processes in turn, one with lost connections', 'AABBBAAB', true],
  ['three processes in turn', 'ABCAB', true],
  ['a copy made after some restarts', 'ABCDCD', true],
])('of %s: %s', (_, instances, expected) => {
  expect(takeTurns([...instances])).toBe(expected);
});

test('processes that each end before the next one starts never take turns', () => fc.assert(fc.property(
  fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 8 }), (lives) => {
    expect(takeTurns(lives.flatMap((greetings, process) => Array.from({ length: greetings }, () => String(process))))).toBe(false);
  })));

test('two processes that both go on are found at the second time that either comes back, whatever was before', () => fc.assert(fc.property(
  fc.array(fc.integer({ min: 0, max: 3 }).map(String), { maxLength: 8 }), (before) => {
    expect(takeTurns([...before, 'x', 'y', 'x', 'y'])).toBe(true);
  })));
