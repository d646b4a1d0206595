import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, rmdir, statfs } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A disk of a few hundred megabytes that can be filled: a tmpfs mounted on a folder. Only root may mount one. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** Whether this process may mount, tried on a folder of no use. */
  static async possible(): Promise<boolean> {
    if (process.platform !== 'linux' || userInfo().uid !== 0) return false;
    const folder = await mkdtemp(join(tmpdir(), 'seedfleet-disk-'));
    try {
      const disk = await SmallDisk.mount(folder, { megabytes: 1 });
      disk.unmount();
      return true;
    } catch {
      return false;
    } finally {
      await rmdir(folder);
    }
  }

  static async mount(folder: string, { megabytes }: { megabytes: number }): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', folder], { stdio: 'pipe' });
    return new SmallDisk(folder);
  }

  /** Not a byte is left: every write that needs a new block fails with ENOSPC. */
  async fill(): Promise<void> {
    for (let piece = 0; ; piece++) {
      const { bavail, bsize } = await statfs(this.folder);
      if (bavail === 0) return;
      try {
        execFileSync('fallocate', ['--length', String(bavail * bsize), this.ballast(piece)], { stdio: 'pipe' });
      } catch { /* somebody else took some of it meanwhile: what is left then, next time */ }
      if (piece > 20) return;
    }
  }

  async free(): Promise<void> {
    for (let piece = 0; piece <= 21; piece++) await rm(this.ballast(piece), { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.folder], { stdio: 'pipe' });
  }

  private ballast(piece: number): string {
    return join(this.folder, `ballast-${piece}`);
  }
}
