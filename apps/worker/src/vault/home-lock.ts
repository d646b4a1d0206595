import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { FleetError } from '@seedfleet/errors';
import { readFileIfThere, systemCodeOf } from './atomic-file.js';

/**
 * Takes the folder for this process. A lock whose process is gone (kill -9, power cut) is taken over.
 * @returns the function that gives it back
 * @throws FleetError `vault.locked`
 */
export function lockHome(path: string): () => void {
  for (let tries = 0; tries < 3; tries++) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, describe(process.pid));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
      const holder = new TextDecoder().decode(readFileIfThere(path) ?? new Uint8Array());
      if (isRunning(holder)) throw new FleetError('vault.locked', { problem: `Process ${holder.split(' ')[0]} uses this folder (${path}).` });
      rmSync(path, { force: true });
    }
  }
  throw new FleetError('vault.locked', { problem: `Another process takes and leaves ${path} at this moment.` });
}

/** Whether a lock at `path` belongs to a process that still runs. */
export function isHomeLocked(path: string): boolean {
  const bytes = readFileIfThere(path);
  return bytes !== null && isRunning(new TextDecoder().decode(bytes));
}

// Process numbers are used again, above all in containers: the start time tells two processes of one number apart.
function describe(pid: number): string {
  return `${pid} ${startTimeOf(pid)}`;
}

function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isRunning(holder: string): boolean {
  const pid = Number(holder.split(' ')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return describe(pid) === holder;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCodeOf(error) === 'ESRCH') return false;
  }
  return describe(pid) === holder;
}
