import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceFolder } from '@seedfleet/example-sentiment';
import { transform } from '@swc/core';
import { type Build } from '../toy/toy-fleet.js';
import { previousVersion } from './previous-version.js';

const run = promisify(execFile);
const parts = ['apps/coordinator', 'apps/worker', 'libs', 'prisma', 'prisma.config.ts', 'tsconfig.base.json', 'package.json'];

/**
 * Coordinator and worker of the previous version, from the history of this clone: its sources, transpiled file by file as jest does it, with
 * the third-party packages of this workspace. It lies below the workspace, so that those are found, and is kept for the next call.
 */
export async function buildPrevious(): Promise<Build> {
  const folder = join(workspaceFolder, 'tmp', 'previous', previousVersion.commit);
  if (!existsSync(folder)) {
    const draft = `${folder}.${process.pid}`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    const archive = execFileSync('git', ['-C', workspaceFolder, 'archive', previousVersion.commit, ...parts], { maxBuffer: 256 * 1024 * 1024 });
    execFileSync('tar', ['-x', '-C', draft, '--exclude=*.spec.ts', '--exclude=vectors', '--exclude=testing'], { input: archive });
    await link(draft);
    await run(join(workspaceFolder, 'node_modules/.bin/prisma'), ['generate'], { cwd: draft });
    await Promise.all((await packagesOf(draft)).map((path) => transpile(join(draft, path))));
    await rename(draft, folder).catch(async (error: unknown) => {
      // Another process was first: its build is as good.
      await rm(draft, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    });
  }
  return { coordinator: join(folder, 'apps/coordinator/dist/main.js'), worker: join(folder, 'apps/worker/dist/main.js') };
}

async function packagesOf(folder: string): Promise<string[]> {
  return ['apps/coordinator', 'apps/worker', ...(await readdir(join(folder, 'libs'))).map((name) => `libs/${name}`)];
}

/** Its own libraries by their names; everything else that a package needs, from this workspace. */
async function link(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules/@seedfleet'), { recursive: true });
  for (const path of await packagesOf(folder)) {
    if (path.startsWith('libs/')) await symlink(join('../..', path), join(folder, 'node_modules/@seedfleet', path.slice('libs/'.length)));
    const own = join(workspaceFolder, path, 'node_modules');
    if (existsSync(own)) await symlink(own, join(folder, path, 'node_modules'));
  }
}

async function transpile(folder: string): Promise<void> {
  const source = join(folder, 'src');
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
  await Promise.all(files.map(async (name) => {
    const { code } = await transform(await readFile(join(source, name), 'utf8'), {
      swcrc: false, configFile: false, module: { type: 'es6' },
      jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true }, transform: { legacyDecorator: true, decoratorMetadata: true }, keepClassNames: true },
    });
    const built = join(folder, 'dist', name.replace(/\.ts$/, '.js'));
    await mkdir(dirname(built), { recursive: true });
    await writeFile(built, code);
  }));
}
