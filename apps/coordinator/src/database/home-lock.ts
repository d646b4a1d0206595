import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';

/** When the process was started, in ticks since the boot of the machine; null where /proc does not say. Process ids come back. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function isHeld(content: string): boolean {
  const [pidText, ticks] = content.trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return content.trim() === ownMark();
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startTicks(pid);
  return now === null || ticks === undefined || now === ticks;
}

const ownMark = () => `${process.pid} ${startTicks(process.pid) ?? ''}`.trim();

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Takes the home folder for this process: PGlite takes no lock, and two coordinators on one directory would not see each other's
 * rows. A lock whose process is gone is taken over, so a kill -9 needs no cleaning up.
 * @returns the release
 * @throws FleetError `home.in-use`
 */
export function lockHome(home: string): () => void {
  const path = join(home, 'coordinator.lock');
  const draft = `${path}.${process.pid}`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  writeSync(file, `${ownMark()}\n`);
  closeSync(file);
  try {
    for (;;) {
      try {
        linkSync(draft, path); // atomic: exists or ours
        return () => rmSync(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readIfThere(path);
      if (holder === null) continue;
      if (isHeld(holder)) {
        throw new FleetError('home.in-use', { problem: `Another coordinator (process ${holder.trim().split(' ')[0]}) runs on ${home}.` });
      }
      const aside = `${draft}.stale`;
      renameSync(path, aside);
      const moved = readIfThere(aside);
      // Somebody else took the stale lock over between our look and our move: theirs goes back.
      if (moved !== null && moved !== holder) linkSync(aside, path);
      rmSync(aside, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
}
