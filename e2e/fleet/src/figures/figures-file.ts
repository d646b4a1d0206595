import { writeFile } from 'node:fs/promises';
import { arch, cpus, freemem, loadavg, platform, release, totalmem } from 'node:os';

export interface Figure {
  name: string;
  value: number;
  unit: string;
}

const gigabyte = 1024 ** 3;

/** What the figures were measured on, and how busy it was with other things. */
export function describeMachine() {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? 'unknown', cores: processors.length, memoryGigabytes: Math.round(totalmem() / gigabyte), freeGigabytes: Math.round(freemem() / gigabyte),
    system: `${platform()} ${release()} ${arch()}`, node: process.version, load: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

/** Writes `{bench, machine, figures}`; the machine as it was when the bench began. */
export async function writeFigures(path: string, content: { bench: string; machine: ReturnType<typeof describeMachine>; figures: readonly Figure[] }): Promise<void> {
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`);
}

/** The value that `share` of the values do not exceed (nearest rank); null of none. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
