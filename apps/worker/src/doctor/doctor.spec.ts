import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@seedfleet/ledger';
import { computeDefaults } from '../preparation/compute-options.js';
import { type DataSource } from '../preparation/data-source.js';
import { surroundingsOfProcess } from '../surroundings-of-process.js';
import { initialPolicy } from '../vault/policy.js';
import { keepDevice, keepNewKey, vaultPath } from '../vault/vault.js';
import { examine, printFindings, type Finding } from './check.js';
import { diagnose } from './doctor.js';

const folder = () => mkdtempSync(join(tmpdir(), 'seedfleet-doctor-spec-'));

function aVault(url = 'http://127.0.0.1:1'): string {
  const home = join(folder(), 'home');
  keepNewKey(home, generateKeyPair);
  keepDevice(home, { format: 'seedfleet/device/v1', url, device: 'd1', coordinatorKey: 'ab'.repeat(32), name: 'a device', protocol: 1 });
  return home;
}

function aDataFile(lines: string[]): DataSource {
  const path = join(folder(), 'reviews.jsonl');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return { path, format: 'jsonl', fields: { text: 'text', label: 'label' }, heldOutFraction: 0.25 };
}

async function findings({ home, data = null }: { home: string; data?: DataSource | null }): Promise<Map<string, Finding>> {
  const all = await diagnose({ home, data, compute: computeDefaults, nodeVersion: process.version, surroundings: surroundingsOfProcess() });
  return new Map(all.map((finding) => [finding.check, finding]));
}

describe('the doctor', () => {
  test('passes what is in order on the device: folder, key, policy, engine, data with its counts', async () => {
    const data = aDataFile(Array.from({ length: 8 }, (_, i) => JSON.stringify({ text: `sentence ${i}`, label: i % 2 === 0 ? 'good' : 'bad' })));
    const found = await findings({ home: aVault(), data });
    for (const check of ['node', 'folder', 'enrolment', 'key', 'policy', 'engine', 'data']) expect([check, found.get(check)?.result]).toEqual([check, 'passed']);
    expect(found.get('data')?.detail).toBe('8 examples of 2 labels, 2 of them held out; declines evaluations, which need 10 (evaluationExamplesMin in policy.json)');
  });

  test('says which precision, cache and bounds a run would get', async () => {
    const home = aVault();
    expect((await findings({ home })).get('compute')?.detail).toBe('precision as the run says (fp32 if it says nothing); activations up to 256 MB a run; no bound on a step; 1 thread');
    writeFileSync(vaultPath(home, 'policy'), JSON.stringify({ ...initialPolicy, memoryMegabytes: 700 }));
    const compute = { threads: 2, precision: 'w8a8' as const, cacheMegabytes: 0, memoryMegabytes: 900 };
    const found = await diagnose({ home, data: null, compute, nodeVersion: process.version, surroundings: surroundingsOfProcess() });
    expect(found.find(({ check }) => check === 'compute')?.detail).toBe('w8a8 whatever the run says; no activations kept; a step within 700 MB; 2 threads');
  });

  test('counts passages and texts without labels, and takes a label that is missing in the middle for a mistake', async () => {
    const home = aVault();
    const texts = aDataFile(Array.from({ length: 48 }, (_, i) => JSON.stringify({ text: `sentence ${i}` })));
    expect((await findings({ home, data: texts })).get('data')?.detail).toBe('48 examples without a label, for language runs only, 12 of them held out');
    const passages = { ...aDataFile(['one', 'line', '', 'two', '', 'three', '', 'four']), format: 'text' as const, fields: { text: 'text' } };
    expect((await findings({ home, data: passages })).get('data')?.detail).toMatch(/^4 examples without a label/);
    const broken = aDataFile([JSON.stringify({ text: 'fine', label: 'good' }), JSON.stringify({ text: 'fine' })]);
    expect((await findings({ home, data: broken })).get('data')).toMatchObject({ result: 'failed', detail: expect.stringMatching(/label/) });
  });

  test('says that the coordinator is not there, and skips what needs it', async () => {
    const found = await findings({ home: aVault() });
    expect(found.get('coordinator')).toMatchObject({ result: 'failed' });
    expect(found.get('coordinator')?.fix).toMatch(/coordinator runs/);
    expect(found.get('admission')?.result).toBe('skipped');
    expect(found.get('clock')?.result).toBe('skipped');
  });

  test('finds a clock that is hours apart', async () => {
    const server = createServer((_request, response) => {
      response.sendDate = false;
      response.writeHead(200, { date: 'Tue, 24 Nov 2026 01:00:00 GMT', 'content-type': 'application/json' });
      response.end(JSON.stringify({ version: '1', protocol: { min: 1, max: 1 }, node: 'v20' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const home = aVault(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const all = await diagnose({ home, data: null, compute: computeDefaults, nodeVersion: process.version, surroundings: { ...surroundingsOfProcess(), nowMs: () => Date.UTC(2026, 10, 24, 5) } });
      const found = new Map(all.map((finding) => [finding.check, finding]));
      expect(found.get('coordinator')?.result).toBe('passed');
      expect(found.get('clock')).toMatchObject({ result: 'failed', fix: expect.stringMatching(/clock/) });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('names file and line of a broken example and shows nothing of it', async () => {
    const data = aDataFile([JSON.stringify({ text: 'fine', label: 'good' }), '{"text": "secret words']);
    const found = await findings({ home: aVault(), data });
    expect(found.get('data')).toMatchObject({ result: 'failed', detail: expect.stringMatching(/reviews\.jsonl.*2/) });
    expect(JSON.stringify([...found.values()])).not.toMatch(/secret/);
  });

  test('finds a folder that others can look into, and one without a device', async () => {
    const home = aVault();
    chmodSync(home, 0o755);
    expect((await findings({ home })).get('folder')).toMatchObject({ result: 'failed', fix: expect.stringMatching(/chmod 700/) });
    const empty = folder();
    expect((await findings({ home: empty })).get('enrolment')).toMatchObject({ result: 'failed', fix: expect.stringMatching(/enroll/) });
  });

  test('finds a policy with a mistake', async () => {
    const home = aVault();
    writeFileSync(vaultPath(home, 'policy'), '{"tasks": "all"}');
    expect((await findings({ home })).get('policy')).toMatchObject({ result: 'failed', detail: expect.stringMatching(/policy\.json/) });
  });

  test('finds an old Node', async () => {
    const [node] = await diagnose({ home: aVault(), data: null, compute: computeDefaults, nodeVersion: 'v18.19.0', surroundings: surroundingsOfProcess() });
    expect(node).toMatchObject({ check: 'node', result: 'failed' });
  });

  test('prints PASSED, or the problem and under it the fix', async () => {
    const text = printFindings(await examine([{ name: 'one', look: () => 'fine' }, { name: 'two', look: () => { throw new Error('broken'); } }, { name: 'three', after: ['two'], look: () => 'never' }]));
    expect(text).toMatch(/^PASSED {3}one {4}fine\nFAILED {3}two {4}broken\n {16}fix: .*\nSKIPPED {2}three {2}needs "two"$/);
  });
});
