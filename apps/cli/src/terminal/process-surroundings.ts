import { homedir } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import ora from 'ora';
import { type Progress, type Surroundings } from './surroundings.js';

const noProgress: Progress = { show: () => undefined, end: () => undefined };

/** The surroundings of a real process. Progress is drawn only where a person sees it. */
export function processSurroundings(): Surroundings {
  return {
    env: process.env,
    homeFolder: homedir(),
    stdout: process.stdout,
    stderr: process.stderr,
    readStdin: () => text(process.stdin),
    startProgress: (first) => {
      if (!process.stderr.isTTY) return noProgress;
      const spinner = ora({ text: first, stream: process.stderr }).start();
      return { show: (line) => { spinner.text = line; }, end: () => { spinner.stop(); } };
    },
    sleep: (milliseconds) => setTimeout(milliseconds),
  };
}
