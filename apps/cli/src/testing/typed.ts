import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommandLine } from '../command-line.js';
import { type ExitCode } from '../terminal/exit-code.js';
import { type ServedCoordinator } from './served-coordinator.js';

/** What a command left behind. */
export interface Outcome { exitCode: ExitCode; stdout: string; stderr: string }

/** An empty folder of this spec. */
export const emptyFolder = () => mkdtemp(join(tmpdir(), 'seedfleet-cli-'));

/** Environment of an operator who is logged in to the coordinator. */
export const loggedIn = ({ url, token }: ServedCoordinator) => ({ SEEDFLEET_URL: url, SEEDFLEET_TOKEN: token });

/** Runs `seedfleet` with these words, as if typed. @param env the whole environment; nothing of the real one is seen */
export async function typed(words: readonly string[], { env = {}, homeFolder = '/nonexistent', stdin = '', answer = null, sleep = () => Promise.resolve(), nowMs = () => 0 }: { env?: Record<string, string>; homeFolder?: string; stdin?: string; answer?: string | null; sleep?: (milliseconds: number) => Promise<void>; nowMs?: () => number } = {}): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCommandLine(words, {
    env, homeFolder,
    stdout: { write: (text) => { stdout += text; } },
    stderr: { write: (text) => { stderr += text; } },
    readStdin: () => Promise.resolve(stdin),
    ask: () => Promise.resolve(answer),
    startProgress: () => ({ show: () => undefined, end: () => undefined }),
    sleep, nowMs,
  });
  return { exitCode, stdout, stderr };
}
