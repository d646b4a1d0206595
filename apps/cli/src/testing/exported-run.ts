import { execFile } from 'node:child_process';
import { readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readSafetensors } from '@seedfleet/artifacts';
import { serveModelRun, type ModelRun } from './served-model-run.js';
import { type ServedCoordinator } from './served-coordinator.js';
import { emptyFolder, loggedIn, typed, type Outcome } from './typed.js';

/** What `seedfleet runs export 1` left behind. @property above the folder around the exported one, with the cache */
export interface ExportedRun { folder: string; above: string; outcome: Outcome; calls: ServedCoordinator['calls'] }

/** Exports the run of a coordinator that is there for nothing else. */
export async function exportedRun(words: string[], { cache, ...served }: ModelRun & { cache?: string } = {}): Promise<ExportedRun> {
  const coordinator = await serveModelRun(served);
  try {
    const above = await emptyFolder();
    const folder = join(above, 'out');
    const outcome = await typed(['runs', 'export', '1', '--out', folder, ...words, '-o', 'json'], { env: { ...loggedIn(coordinator), XDG_CACHE_HOME: cache ?? join(above, 'cache') } });
    return { folder, above, outcome, calls: coordinator.calls };
  } finally {
    await coordinator.close();
  }
}

export const bytesIn = async (folder: string, name: string): Promise<Uint8Array> => new Uint8Array(await readFile(join(folder, name)));
export const textIn = (folder: string, name: string): Promise<string> => readFile(join(folder, name), 'utf8');

/** Tensors of some files by name. */
export async function tensorsIn(folder: string, files: readonly string[]): Promise<Map<string, Float32Array>> {
  return new Map((await Promise.all(files.map(async (name) => readSafetensors(await bytesIn(folder, name)).tensors))).flat().map(({ name, data }) => [name, data]));
}

/** Runs the JavaScript of the card as it stands there, in the folder, by a process of its own. @param then code behind it @returns its lines */
export async function runExample(folder: string, then: string): Promise<string[]> {
  const [, code = ''] = /```js\n([^]*?)```/.exec(await textIn(folder, 'README.md')) ?? [];
  await symlink(fileURLToPath(new URL('../../../../node_modules', import.meta.url)), join(dirname(folder), 'node_modules'));
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', `${code}\n${then}`], { cwd: folder, env: {} });
  return stdout.trimEnd().split('\n');
}
