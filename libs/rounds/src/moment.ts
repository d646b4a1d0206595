/** What a machine may know of the world beyond its input: the clock and one draw of luck, both given by the caller. */
export interface Moment {
  /** milliseconds since the epoch; may jump back: a deadline is judged by its timer, never by comparing clocks of two machines */
  nowMs: number;
  /** one uniform uint32, fresh for every step */
  luck: number;
  /** devices that the run may not ask now, because another run of the same fleet does or is about to; missing: there is no other */
  isTaken?: (device: string) => boolean;
}
