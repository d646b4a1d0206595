import { type WorkerStatus } from '../fleet/worker.js';
import { SocketTraffic } from './socket-traffic.js';

const status = (device: string, round: number | null, down: number, up: number): WorkerStatus => ({
  device, state: 'connected', socketBytes: { down, up }, peakMegabytes: 0, catchUp: null,
  runs: round === null ? [] : [{ run: 1, state: 'ready', round, stateHash: '', trainExamples: 400, heldOutExamples: 100, precision: 'fp32' }],
});

test('bytes are counted from the first round that was seen to the last, over all devices', () => {
  const traffic = new SocketTraffic();
  // Before the run: enrolment and hello are no part of a round.
  traffic.note(status('a', null, 9_000, 9_000));
  traffic.note(status('a', 0, 1_000, 500));
  traffic.note(status('b', 2, 2_000, 100));
  traffic.note(status('a', 5, 2_500, 1_000));
  traffic.note(status('a', 10, 5_000, 1_500));
  traffic.note(status('b', 10, 4_400, 900));
  // a: 4,000 down and 1,000 up in 10 rounds; b: 2,400 and 800 in 8.
  expect(traffic.perRoundPerDevice()).toEqual({ down: Math.round(6_400 / 18), up: 100 });
  expect(traffic.total()).toBe(5_000 + 1_500 + 4_400 + 900);
});

test('without rounds there is nothing to share bytes among', () => {
  const traffic = new SocketTraffic();
  traffic.note(status('a', 3, 1_000, 500));
  expect(traffic.perRoundPerDevice()).toEqual({ down: 0, up: 0 });
});
