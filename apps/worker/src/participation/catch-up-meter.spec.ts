import { CatchUpMeter } from './catch-up-meter.js';

function aMeter(): { meter: CatchUpMeter; wait: (ms: number) => void } {
  let nowMs = 0;
  return { meter: new CatchUpMeter({ nowMs: () => nowMs, directionValues: 1000 }), wait: (ms) => { nowMs += ms; } };
}

test('catching up is counted from the first request to the head, over all of its pages', () => {
  const { meter, wait } = aMeter();
  meter.begin(5);
  meter.fetched({ bytes: 400, milliseconds: 10, by: 'log' });
  wait(30);
  meter.reached({ round: 9, headRound: 12 });
  expect(meter.last).toBeNull();
  meter.begin(9);
  meter.fetched({ bytes: 300, milliseconds: 10, by: 'log' });
  wait(20);
  meter.reached({ round: 12, headRound: 12 });
  expect(meter.last).toEqual({ rounds: 7, bytes: 700, milliseconds: 50, by: 'log' });
});

test('finding nothing to fetch is no catching up, and commits that are broadcast are none', () => {
  const { meter } = aMeter();
  meter.begin(5);
  meter.reached({ round: 5, headRound: 5 });
  meter.reached({ round: 6, headRound: 6 });
  expect(meter.last).toBeNull();
});

test('the choice between log and checkpoint follows what was measured here', () => {
  const need = { commits: 100, commitsAfterCheckpoint: 0, commitBytes: 250, checkpointBytes: 50_000 };
  const fast = aMeter().meter;
  fast.replayed({ commits: 10, milliseconds: 1 });
  expect(fast.cheaper(need)).toBe('log');
  const slow = aMeter().meter;
  slow.replayed({ commits: 10, milliseconds: 1000 });
  expect(slow.cheaper(need)).toBe('checkpoint');
  expect(slow.cheaper({ ...need, checkpointBytes: null })).toBe('log');
});
