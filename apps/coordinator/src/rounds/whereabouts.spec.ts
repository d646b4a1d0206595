import { toConductorInput, type RunInput } from './run-input.js';
import { Whereabouts } from './whereabouts.js';

const arrival = (device: string, change: Partial<Extract<RunInput, { type: 'arrival' }>> = {}): RunInput => ({ type: 'arrival', device, round: 3, stateMatches: true, atHead: true, trainExamples: 1, heldOutExamples: 0, ...change });
const departure = (device: string): RunInput => ({ type: 'departure', device });

test('a departure that a device has overtaken on its way to another replica is not heard', () => {
  const whereabouts = new Whereabouts('own');
  expect(whereabouts.hear('other', arrival('a'))).toBe(true);
  expect(whereabouts.isElsewhere('a')).toBe(true);
  expect(whereabouts.hear('own', arrival('a'))).toBe(true);
  expect(whereabouts.hear('other', departure('a'))).toBe(false);
  expect(whereabouts.isElsewhere('a')).toBe(false);
  expect(whereabouts.hear('own', departure('a'))).toBe(true);
  expect(whereabouts.isAnyElsewhere()).toBe(false);
});

test('devices of a replica that is gone are lost, and no others', () => {
  const whereabouts = new Whereabouts('own');
  for (const [replica, device] of [['dead', 'a'], ['own', 'b'], ['alive', 'c']] as const) whereabouts.hear(replica, arrival(device));
  expect(whereabouts.lost((replica) => replica !== 'dead')).toEqual([['a', 'dead']]);
});

test('a device that was at the head when it arrived has got every commit since; one that was behind has not caught up', () => {
  expect(toConductorInput(arrival('a'), 5)).toEqual({ type: 'arrival', device: 'a', round: 5, stateMatches: true, trainExamples: 1, heldOutExamples: 0 });
  expect(toConductorInput(arrival('a', { atHead: false }), 5)).toMatchObject({ round: 3 });
});
