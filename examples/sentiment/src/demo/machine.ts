import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { type DemoReport } from './report.js';

/** Where the figures of a report were measured, and how busy it was. */
export function describeMachine(): DemoReport['machine'] {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    loadAverage: Math.round(10 * (loadavg()[0] ?? 0)) / 10,
    platform: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
  };
}
