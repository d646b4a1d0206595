import { homedir } from 'node:os';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline/promises';
import { setTimeout } from 'node:timers/promises';
import ora from 'ora';
import { type Progress, type Surroundings } from './surroundings.js';

/** Pause between two drawings of the progress line: a replay reports thousands of rounds a second. */
const drawMs = 100;

const noProgress: Progress = { show: () => undefined, end: () => undefined };

/** The surroundings of a real process. Progress is drawn only where a person sees it. */
export function processSurroundings(): Surroundings {
  return {
    env: process.env,
    homeFolder: homedir(),
    stdout: process.stdout,
    stderr: process.stderr,
    readStdin: () => text(process.stdin),
    ask: async (question) => {
      if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
      const terminal = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return (await terminal.question(question)).trim();
      } finally {
        terminal.close();
      }
    },
    startProgress: (first) => {
      if (!process.stderr.isTTY) return noProgress;
      const spinner = ora({ text: first, stream: process.stderr }).start();
      let drawnAtMs = 0;
      return {
        show: (line) => {
          spinner.text = line;
          if (Date.now() - drawnAtMs < drawMs) return;
          drawnAtMs = Date.now();
          // Drawn from here, because a replay leaves the event loop no time to.
          spinner.render();
        },
        end: () => { spinner.stop(); },
      };
    },
    sleep: (milliseconds) => setTimeout(milliseconds),
    nowMs: () => performance.now(),
  };
}
