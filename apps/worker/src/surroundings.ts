/** Everything of the outside that decides something here: made once in main.ts, given to whoever needs it. */
export interface Surroundings {
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number;
  /** A uniform 32-bit number from the operating system. */
  luck(): number;
  /** Uniform random bytes from the operating system. */
  randomBytes(length: number): Uint8Array;
  /** Calls back once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
}
