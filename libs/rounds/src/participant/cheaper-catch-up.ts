import { type CatchUp } from './participant-effect.js';

/**
 * Whether a device that is behind replays the log or loads a checkpoint and replays what follows it: bytes and replay time both counted.
 * Time of n commits: n * commitBytes / bytesPerMillisecond + n * replayMillisecondsPerCommit.
 * @param commits                     that the device lacks
 * @param commitsAfterCheckpoint      of them, those that the checkpoint does not hold
 * @param commitBytes                 mean bytes of one
 * @param checkpointBytes             null if there is no checkpoint
 * @param replayMillisecondsPerCommit measured on this device
 * @param bytesPerMillisecond         measured on this connection
 */
export function cheaperCatchUp({ commits, commitsAfterCheckpoint, commitBytes, checkpointBytes, replayMillisecondsPerCommit, bytesPerMillisecond }: {
  commits: number;
  commitsAfterCheckpoint: number;
  commitBytes: number;
  checkpointBytes: number | null;
  replayMillisecondsPerCommit: number;
  bytesPerMillisecond: number;
}): CatchUp {
  if (checkpointBytes === null) return 'log';
  const perCommit = commitBytes / bytesPerMillisecond + replayMillisecondsPerCommit;
  const byCheckpoint = checkpointBytes / bytesPerMillisecond + commitsAfterCheckpoint * perCommit;
  return byCheckpoint < commits * perCommit ? 'checkpoint' : 'log';
}
