import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export interface Machine {
  /** Processors that the system schedules this process on. */
  processors: number;
  /** `cpu.max` of the control group: microseconds of processor time in a period, or "max". Null where there is none. */
  quota: string | null;
}

/**
 * Threads of a forward pass where the owner says nothing: half of the processors that the process may use, one at least. The other half is for the work that the
 * device is there for; the threads of a pass wait for the slowest of them, so that on a full machine more of them make it longer.
 */
export function machineThreads({ processors, quota }: Machine): number {
  const [granted = NaN, period = NaN] = (quota ?? '').trim().split(/\s+/).map(Number);
  const allowed = Number.isFinite(granted / period) ? Math.min(processors, granted / period) : processors;
  return Math.max(1, Math.floor(allowed / 2));
}

/** Of this machine, as it is now. */
export function thisMachine(): Machine {
  return { processors: availableParallelism(), quota: quotaOf('/sys/fs/cgroup/cpu.max') };
}

function quotaOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No control groups of version 2: another system, or none that bounds this process.
    return null;
  }
}
