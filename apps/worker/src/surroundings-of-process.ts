import { randomBytes, randomInt } from 'node:crypto';
import { type Surroundings } from './surroundings.js';

/** The clock and the luck of this machine. Only main.ts calls this. */
export function surroundingsOfProcess(): Surroundings {
  return {
    nowMs: () => Date.now(),
    luck: () => randomInt(0, 2 ** 32),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
