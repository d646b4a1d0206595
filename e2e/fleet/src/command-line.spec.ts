import { execFile } from 'node:child_process';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { verifyManifest, decodeLog, toHex, verifyChain } from '@seedfleet/ledger';
import { ToyFleet } from './toy/toy-fleet.js';
import { writeToyModel } from './toy/toy-model.js';

const seedfleet = new URL('../../../apps/cli/dist/main.js', import.meta.url).pathname;

test('an operator registers a model, runs it, watches, verifies and exports it with nothing but `seedfleet`', async () => {
  const fleet = await ToyFleet.start(2);
  try {
    /** What an operator types; the login is kept in the folder of the fleet. */
    const typed = (...words: string[]) => new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [seedfleet, ...words], { env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: join(fleet.folder, 'config'), XDG_CACHE_HOME: join(fleet.folder, 'cache') } }, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    });
    const json = async (...words: string[]) => {
      const { code, stdout, stderr } = await typed(...words, '-o', 'json');
      expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: '' });
      return JSON.parse(stdout);
    };

    const login = await typed('login', '--url', fleet.coordinator.url, '--token-file', join(fleet.coordinator.home, 'admin-token'));
    expect(login).toMatchObject({ code: 0, stderr: '' });
    const { items: devices } = await json('devices', 'list');
    expect(devices.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`).sort()).toEqual(['device-0 active', 'device-1 active']);
    expect(await json('devices', 'suspend', devices[0].id)).toMatchObject({ state: 'suspended' });
    expect(await json('devices', 'resume', devices[0].id)).toMatchObject({ state: 'active' });

    const token = await json('tokens', 'create', '--uses', '3', '--name', 'lab');
    expect(token).toMatchObject({ uses: 0, usesMax: 3, name: 'lab' });
    expect((await json('tokens', 'revoke', token.id)).revoked).toBe(true);

    await writeToyModel(join(fleet.folder, 'model'));
    expect(await json('models', 'add', join(fleet.folder, 'model'), '--name', 'toy')).toMatchObject({ state: 'ready', output: 'sentence_embedding' });

    const { id } = await json('runs', 'start', '--model', 'toy', '--name', 'by hand', '--labels', 'early,late', '--tokens-max', '16', '--rank', '2', '--rounds', '6', '--cohort', '2', '--batch', '8', '--evaluate-every', '3', '--draft');
    expect(await json('runs', 'show', String(id))).toMatchObject({ state: 'draft', round: 0, roundsMax: 6 });
    await json('runs', 'start', String(id));
    const watched = await typed('runs', 'watch', String(id), '--interval', '0.2', '-o', 'json');
    const lines = watched.stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    expect(watched.code).toBe(0);
    expect(lines.filter(({ type, state }) => type === 'round' && state === 'committed').map(({ round }) => round)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(lines.filter(({ type }) => type === 'evaluation').map(({ round }) => round)).toEqual(expect.arrayContaining([0, 3, 6]));
    expect(lines.at(-1)).toMatchObject({ type: 'state', state: 'completed' });

    const run = await fleet.run(id);
    expect(await json('runs', 'verify', String(id))).toMatchObject({ passed: true, rounds: 6, stateHash: run.stateHash, headHash: run.headHash, manifestHash: run.manifestHash });
    expect((await typed('runs', 'verify', String(id), '--coordinator-key', '0'.repeat(64))).stderr).toContain('manifest.signature');

    expect(await json('runs', 'branch', String(id), '--round', '6', '--rounds', '2', '--wait', '--timeout', '120')).toMatchObject({ state: 'completed', round: 2 });

    const declared = join(fleet.folder, 'fleet.yaml');
    await writeFile(declared, 'groups:\n  - { name: lab, filter: online=yes }\n  - { name: pilot }\nalertRules:\n  - { name: failed, condition: { type: run-failed } }\nenrolmentTokens:\n  - { name: porcelain, group: pilot }\n  - { name: spare }\n');
    const tokens = join(fleet.folder, 'new-tokens');
    expect((await typed('apply', '-f', declared, '--tokens-to', tokens)).code).toBe(0);
    expect((await readFile(tokens, 'utf8')).split('\n').map((line) => line.split(' ')[0])).toEqual(['porcelain', 'spare', '']);
    expect(await typed('diff', '-f', declared)).toMatchObject({ code: 0 });
    await writeFile(declared, 'groups:\n  - { name: lab, filter: online=no }\n');
    expect((await typed('diff', '-f', declared, '--prune')).stdout).toMatch(/lab +change +filter: online=yes -> online=no\n.*pilot +delete/);
    expect((await typed('apply', '-f', declared)).code).toBe(0);
    expect((await json('groups', 'list')).items.map(({ name, filter }: { name: string; filter: string | null }) => `${name} ${filter}`).sort()).toEqual(['lab online=no', 'pilot null']);

    const bundle = join(fleet.folder, 'bundle.tar.gz');
    expect(await json('support', 'bundle', '--out', bundle)).toMatchObject({ missing: [] });
    const everything = gunzipSync(await readFile(bundle)).toString('utf8');
    expect(everything).toContain('seedfleet_rounds_total');
    for (const name of ['device-0', '"by hand"', 'porcelain', fleet.folder, (await readFile(join(fleet.coordinator.home, 'admin-token'), 'utf8')).trim()]) expect(everything).not.toContain(name);

    const folder = join(fleet.folder, 'exported');
    await json('runs', 'export', String(id), '--out', folder);
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors', 'head.safetensors']));
    for (const form of ['onnx', 'onnx-w8a8']) {
      await json('runs', 'export', String(id), '--as', form, '--round', '4', '--out', join(fleet.folder, form));
      expect(await readdir(join(fleet.folder, form))).toEqual(expect.arrayContaining(['README.md', 'model.onnx', 'tokenizer.json']));
    }
    // Who gets the folder needs no coordinator to see that the log is whole and signed.
    const manifest = verifyManifest(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
    const commits = verifyChain({ manifest, commits: decodeLog(new Uint8Array(await readFile(join(folder, 'commits.log')))) });
    expect(toHex(commits.at(-1)?.stateHash ?? new Uint8Array())).toBe(run.stateHash);
  } finally {
    await fleet.remove();
  }
}, 300_000);
