/** How bad a world is. Chances are per message, per write or per effect, intervals are means in milliseconds of true time; 0 is never. */
export interface Faults {
  /** [0, 1) a message is lost; its sender's time-out tells */
  loss: number;
  /** a message arrives a second time, later */
  duplication: number;
  /** a message takes up to ten times longer, so that later ones overtake it */
  reorder: number;
  delayMs: number;
  /** between moments when some devices are cut off, in one direction or both */
  cutEveryMs: number;
  /** between crashes of the coordinator that hit wherever it stands, a write under way included */
  coordinatorCrashEveryMs: number;
  /** the coordinator dies right before an effect */
  crashAtEffect: number;
  deviceCrashEveryMs: number;
  /** a device dies right before an effect */
  deviceCrashAtEffect: number;
  /** a write of the coordinator is refused: its disk is full, its database is away */
  writeRefused: number;
  /** a device's write is refused (disk full): its process ends */
  deviceWriteRefused: number;
  /** at a crash of a device its disk forgets the last writes, although they were flushed */
  lostFsync: number;
  /** a device loses its power in the middle of an append */
  tornWrite: number;
  /** a bit of a device's state flips in memory */
  bitFlip: number;
  /** of a clock that is moved by up to five minutes */
  clockMoveEveryMs: number;
  /** an evaluation takes up to the deadline and longer */
  straggle: number;
  /** a device is gone for good, another one joins */
  turnoverEveryMs: number;
  /** an operator pauses the run, and resumes it */
  pauseEveryMs: number;
  /** messages of an adversary, as a device and as a coordinator that lies */
  hostileEveryMs: number;
}

/** A world in which nothing goes wrong, but for a little delay. */
export const fairWorld: Faults = {
  loss: 0, duplication: 0, reorder: 0, delayMs: 20, cutEveryMs: 0, coordinatorCrashEveryMs: 0, crashAtEffect: 0, deviceCrashEveryMs: 0, deviceCrashAtEffect: 0,
  writeRefused: 0, deviceWriteRefused: 0, lostFsync: 0, tornWrite: 0, bitFlip: 0, clockMoveEveryMs: 0, straggle: 0, turnoverEveryMs: 0, pauseEveryMs: 0, hostileEveryMs: 0,
};
