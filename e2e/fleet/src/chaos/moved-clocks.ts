import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** libfaketime of Debian, wherever this architecture has it. */
function library(): string | null {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib').filter((name) => name.includes('linux-gnu')) : [];
  return folders.map((name) => join('/usr/lib', name, 'faketime/libfaketimeMT.so.1')).find((path) => existsSync(path)) ?? null;
}

/** How long a process goes on with the offset that it read last, milliseconds. */
export const clockNoticedMs = 1_100;

/** Wall clocks of processes, each of which can be moved while it runs. Timers go on as they are: only what reads the time of day is fooled, as by an operator or NTP. */
export class MovedClocks {
  private readonly offsets = new Map<string, number>();

  private constructor(private readonly folder: string, private readonly library: string) {}

  /** Null without libfaketime. */
  static async in(folder: string): Promise<MovedClocks | null> {
    const found = library();
    if (found === null) return null;
    await mkdir(folder, { recursive: true });
    return new MovedClocks(folder, found);
  }

  /** What a process is started with so that its clock can be moved. */
  async environmentOf(name: string): Promise<Record<string, string>> {
    if (!this.offsets.has(name)) await this.move(name, 0);
    return { LD_PRELOAD: this.library, FAKETIME_TIMESTAMP_FILE: this.fileOf(name), FAKETIME_CACHE_DURATION: '1', DONT_FAKE_MONOTONIC: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  }

  offsetOf(name: string): number {
    return this.offsets.get(name) ?? 0;
  }

  /** @param seconds ahead of the clock of the machine, or behind it if negative */
  async move(name: string, seconds: number): Promise<void> {
    this.offsets.set(name, seconds);
    await writeFile(this.fileOf(name), `${seconds < 0 ? '' : '+'}${seconds}\n`);
  }

  private fileOf(name: string): string {
    return join(this.folder, name);
  }
}
