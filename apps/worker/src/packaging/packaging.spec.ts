import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, FleetError } from '@seedfleet/errors';
import { exitCodeOf } from '../exit-code.js';

interface LockEntry { version?: string; integrity?: string; dependencies?: Record<string, string> }
interface Packaging {
  productionPackages(lock: object, root: string): Map<string, LockEntry>;
  billOfMaterials(packages: Map<string, LockEntry>, of: { name: string; version: string; timestamp: string }): { components: { name: string; version: string; purl: string; hashes?: { alg: string; content: string }[] }[] };
}

const workspace = realpathSync(fileURLToPath(new URL('../../../..', import.meta.url)));
const packaging = new URL('../../packaging/', import.meta.url);
const { productionPackages, billOfMaterials } = await import(new URL('production-packages.mjs', packaging).href) as Packaging;
const packages = productionPackages(JSON.parse(readFileSync(join(workspace, 'package-lock.json'), 'utf8')) as object, 'apps/worker');
const unit = readFileSync(new URL('systemd/seedfleet-worker.service', packaging), 'utf8');

test('the archive has what the worker needs and nothing of the coordinator or of the tools', () => {
  const paths = [...packages.keys()];
  expect(paths).toEqual(expect.arrayContaining(['apps/worker', 'libs/runtime', 'libs/protocol', 'node_modules/onnxruntime-node', 'node_modules/socket.io-client', 'node_modules/zod']));
  expect(paths.filter((path) => /coordinator|dashboard|@nestjs|prisma|typescript|jest|node_modules\/(socket\.io|express|nx)$/.test(path))).toEqual([]);
});

test('whatever Node looks up from a package of the archive is in the archive', () => {
  const missing = [...packages].flatMap(([path, { dependencies = {} }]) => Object.keys(dependencies).filter((name) => {
    // Node.js, "Loading from node_modules folders": from the folder of the package upwards.
    const folders = path.split('/').map((_, depth, parts) => join(workspace, ...parts.slice(0, parts.length - depth))).concat(workspace);
    const found = folders.map((folder) => join(folder, 'node_modules', name)).find((place) => existsSync(join(place, 'package.json')));
    // Our own are links into libs/.
    return found === undefined || !packages.has(relative(workspace, name.startsWith('@seedfleet/') ? realpathSync(found) : found));
  }).map((name) => `${path} needs ${name}`));
  expect(missing).toEqual([]);
});

test('the bill of materials names every package from outside, with the hash that npm checked', () => {
  const { components } = billOfMaterials(packages, { name: 'seedfleet-worker', version: '0.0.0', timestamp: '2026-11-25T10:00:00.000Z' });
  expect(components).toHaveLength([...packages.keys()].filter((path) => path.includes('node_modules/')).length);
  expect(components.find(({ name }) => name === '@huggingface/tokenizers')).toMatchObject({ version: '0.2.0', purl: 'pkg:npm/%40huggingface/tokenizers@0.2.0' });
  for (const { hashes } of components) expect(hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }]);
});

test('systemd starts the worker again after a failure that may pass, and not after one that stays', () => {
  const [, statuses = ''] = /^RestartPreventExitStatus=(.*)$/m.exec(unit) ?? [];
  const staying: ErrorCode[] = ['options.invalid', 'policy.invalid', 'device.revoked', 'coordinator.key-changed', 'vault.missing', 'vault.damaged'];
  for (const code of staying) expect(statuses.split(' ')).toContain(String(exitCodeOf(new FleetError(code, { problem: 'A problem.' }))));
  for (const code of ['preparation.failed', 'internal.failure'] as const) expect(statuses.split(' ')).not.toContain(String(exitCodeOf(new FleetError(code, { problem: 'A problem.' }))));
});

test('the unit keeps the worker to its own folder, without rights that it does not use', () => {
  for (const line of ['User=seedfleet-worker', 'StateDirectory=seedfleet-worker', 'StateDirectoryMode=0700', 'NoNewPrivileges=yes', 'CapabilityBoundingSet=', 'ProtectSystem=strict', 'ProtectHome=yes', 'SystemCallFilter=@system-service']) expect(unit.split('\n')).toContain(line);
  expect(unit).toContain('SEEDFLEET_WORKER_HOME=/var/lib/seedfleet-worker');
  if (!existsSync('/usr/bin/systemd-analyze')) return;
  // What it starts is not installed here; everything else is checked by systemd itself.
  const folder = mkdtempSync(join(tmpdir(), 'seedfleet-unit-'));
  const file = join(folder, 'seedfleet-worker.service');
  writeFileSync(file, unit.replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true'));
  expect(execFileSync('systemd-analyze', ['verify', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })).toBe('');
  rmSync(folder, { recursive: true });
});
