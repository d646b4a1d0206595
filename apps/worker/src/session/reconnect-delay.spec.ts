import fc from 'fast-check';
import { reconnectDelayMaxMs, reconnectDelayMs } from './reconnect-delay.js';

const luck = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test('waits grow, stay bounded, and are spread over a factor of three', () => fc.assert(fc.property(fc.nat(), luck, (attempt, draw) => {
  const delay = reconnectDelayMs({ attempt, luck: draw });
  expect(delay).toBeGreaterThanOrEqual(125);
  expect(delay).toBeLessThanOrEqual(1.5 * reconnectDelayMaxMs);
  expect(reconnectDelayMs({ attempt: attempt + 1, luck: draw })).toBeGreaterThanOrEqual(delay);
})));
