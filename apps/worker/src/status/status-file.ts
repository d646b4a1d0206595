import { existsSync, readFileSync } from 'node:fs';
import { writeFileAtomically } from '../vault/atomic-file.js';

/** What the worker tells whoever may read its folder; holds nothing of the data but counts. */
export interface Status {
  device: string;
  state: 'connecting' | 'connected' | 'refused' | 'stopped';
  /** Why it is not connected, if there is something to say. */
  problem: { code: string; problem: string; fix: string } | null;
  runs: RunStatus[];
  /** Bytes at the TCP socket of the websocket since this process started, framing included. */
  socketBytes: { down: number; up: number };
  /** Highest resident memory of this process, and of the one that rewrote the model while it ran. */
  peakMegabytes: number;
  /** The last time that commits were fetched rather than received. */
  catchUp: CatchUp | null;
}

/** One run on this device. */
export interface RunStatus {
  run: number;
  state: string;
  /** Commits applied. */
  round: number;
  stateHash: string;
  trainExamples: number;
  heldOutExamples: number;
  /** Whether it evaluates when asked: not with fewer held-out examples than the policy's `evaluationExamplesMin`. */
  evaluates: boolean;
  precision: 'fp32' | 'w8a8';
  /** Bound on the activations on disk; 0 is none kept. */
  cacheMegabytes: number;
  /** Bound on one step; null is none. */
  memoryMegabytes: number | null;
  /** Milliseconds of one step, all rows of one batch, measured after the last preparation; null until then. */
  forwardMs: number | null;
  /** Highest resident memory of the worker after that step. */
  peakMegabytes: number | null;
}

export interface CatchUp { rounds: number; bytes: number; milliseconds: number; by: 'log' | 'checkpoint' }

export function writeStatus(path: string, status: Status): void {
  writeFileAtomically(path, `${JSON.stringify(status)}\n`);
}

/**
 * Highest resident memory of this process so far, megabytes. From the kernel's own count where there is one: what getrusage tells of a
 * process that another one started begins at the size of its parent.
 */
export function peakMegabytes(): number {
  const kilobytes = existsSync(ownStatus) ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(ownStatus, 'utf8'))?.[1] : undefined;
  return Math.round(Number(kilobytes ?? process.resourceUsage().maxRSS) / 1024);
}

const ownStatus = '/proc/self/status';
