/** How long the coordinator keeps what no run needs any more. Logs are kept for ever. */
export interface RetentionSettings {
  /** raw reports of rounds that ended longer ago are deleted, and when devices were connected longer ago; 0: never */
  reportDays: number;
  /** of a run that has ended, the reports of so many last rounds are kept until `reportDays`; 0: of all rounds */
  reportRounds: number;
  /** of a run's checkpoints, the two newest are kept and every so many-th of the others; 0: all */
  checkpointEvery: number;
}
