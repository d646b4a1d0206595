import { cheaperCatchUp } from './cheaper-catch-up.js';

/** 250 bytes and 2 ms a commit over 100 bytes/ms: 4.5 ms a commit; the checkpoint of 90 000 bytes: 900 ms, as much as 200 commits. */
const measured = { commitBytes: 250, checkpointBytes: 90_000, replayMillisecondsPerCommit: 2, bytesPerMillisecond: 100 };

test.each([
  { commits: 200, commitsAfterCheckpoint: 0, way: 'log' },
  { commits: 201, commitsAfterCheckpoint: 0, way: 'checkpoint' },
  { commits: 300, commitsAfterCheckpoint: 100, way: 'log' },
  { commits: 301, commitsAfterCheckpoint: 100, way: 'checkpoint' },
])('a device that lacks $commits commits, $commitsAfterCheckpoint of them in no checkpoint, catches up by $way', ({ commits, commitsAfterCheckpoint, way }) => {
  expect(cheaperCatchUp({ ...measured, commits, commitsAfterCheckpoint })).toBe(way);
});

test('a fast replay makes the log cheaper where bytes alone would choose the checkpoint', () => {
  const slow = { ...measured, commits: 400, commitsAfterCheckpoint: 0, checkpointBytes: 120_000 };
  expect(cheaperCatchUp(slow)).toBe('checkpoint');
  expect(cheaperCatchUp({ ...slow, replayMillisecondsPerCommit: 0.1 })).toBe('log');
});

test('without a checkpoint there is only the log', () => {
  expect(cheaperCatchUp({ ...measured, commits: 1e6, commitsAfterCheckpoint: 0, checkpointBytes: null })).toBe('log');
});
