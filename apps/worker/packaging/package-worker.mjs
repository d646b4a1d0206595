/**
 * The worker as one archive for the platform that this runs on: what was built, what it needs to run, a systemd unit, checksums, and what is in it.
 *
 *   npm run package:worker [-- --out FOLDER] [--with-node]
 *
 * Offline: packages come from node_modules as `npm ci` checked them. The same input makes the same bytes (times are those of the commit).
 * --with-node puts this Node beside it, for devices that have none.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { billOfMaterials, productionPackages } from './production-packages.mjs';

const workspace = fileURLToPath(new URL('../../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string', default: join(workspace, 'dist') }, 'with-node': { type: 'boolean', default: false } } });

const lock = JSON.parse(readFileSync(join(workspace, 'package-lock.json'), 'utf8'));
const packages = productionPackages(lock, 'apps/worker');
const { version } = lock.packages['apps/worker'];
const name = `seedfleet-worker-${version}-${process.platform}-${process.arch}`;
const folder = join(values.out, name);
rmSync(folder, { recursive: true, force: true });

for (const path of packages.keys()) {
  const isOurs = !path.includes('node_modules/');
  if (isOurs && !existsSync(join(workspace, path, 'dist'))) throw new Error(`${path} is not built: npx nx build @seedfleet/worker`);
  if (isOurs) {
    cpSync(join(workspace, path, 'package.json'), join(folder, 'app', path, 'package.json'));
    cpSync(join(workspace, path, 'dist'), join(folder, 'app', path, 'dist'), { recursive: true, filter: (file) => !/(\.d\.ts|\.d\.ts\.map|\.tsbuildinfo)$/.test(file) });
  } else {
    // Packages inside of this one are copied by themselves, where they are needed.
    cpSync(join(workspace, path), join(folder, 'app', path), { recursive: true, dereference: true, filter: (file) => !/\/node_modules\//.test(`${relative(join(workspace, path), file)}/`.replace(/^/, '/')) });
  }
}
// Our libraries are found by their names, as npm links them.
mkdirSync(join(folder, 'app/node_modules/@seedfleet'), { recursive: true });
for (const path of packages.keys()) {
  if (!path.startsWith('libs/')) continue;
  const link = join(folder, 'app/node_modules', lock.packages[path].name ?? `@seedfleet/${path.slice('libs/'.length)}`);
  execFileSync('ln', ['-s', `../../${path}`, link]);
}
// The engine's package carries every platform.
const engines = join(folder, 'app/node_modules/onnxruntime-node/bin');
for (const napi of readdirSync(engines)) {
  for (const platform of readdirSync(join(engines, napi))) {
    if (platform !== process.platform) rmSync(join(engines, napi, platform), { recursive: true });
    else for (const arch of readdirSync(join(engines, napi, platform))) if (arch !== process.arch) rmSync(join(engines, napi, platform, arch), { recursive: true });
  }
}

mkdirSync(join(folder, 'bin'), { recursive: true });
cpSync(join(here, 'seedfleet-worker.sh'), join(folder, 'bin/seedfleet-worker'));
chmodSync(join(folder, 'bin/seedfleet-worker'), 0o755);
if (values['with-node']) cpSync(process.execPath, join(folder, 'bin/node'), { dereference: true });
cpSync(join(here, 'systemd'), join(folder, 'systemd'), { recursive: true });
cpSync(join(workspace, 'LICENSE'), join(folder, 'LICENSE'));
cpSync(join(workspace, 'docs/worker.md'), join(folder, 'README.md'));
const epoch = process.env['SOURCE_DATE_EPOCH'] ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: workspace, encoding: 'utf8' }).trim();
writeFileSync(join(folder, 'bom.json'), `${JSON.stringify(billOfMaterials(packages, { name: 'seedfleet-worker', version, timestamp: new Date(Number(epoch) * 1000).toISOString() }), null, 1)}\n`);

const hashOf = async (path) => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
};
const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name))).sort();
const sums = [];
for (const file of files) sums.push(`${await hashOf(join(folder, file))}  ${file}`);
writeFileSync(join(folder, 'SHA256SUMS'), `${sums.join('\n')}\n`);

const archive = `${folder}.tar.gz`;
execFileSync('sh', ['-c', `tar --sort=name --mtime=@${epoch} --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw -cf - ${name} | gzip -9n > ${name}.tar.gz`], { cwd: values.out });
rmSync(folder, { recursive: true });
writeFileSync(`${archive}.sha256`, `${await hashOf(archive)}  ${name}.tar.gz\n`);
process.stdout.write(`${JSON.stringify({ archive, files: files.length + 1, packages: packages.size })}\n`);
