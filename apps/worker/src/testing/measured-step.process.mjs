// A process that prepares a run as the worker does and computes rounds of it, once for each bound on memory, and prints in megabytes what that took: resident
// memory when the engine was open, and the most that the process ever held after rounds of several lengths. A process of its own, because
// nothing takes a peak back; the bounds ascend.
// argv: the served files, a folder of its own, the data, what the manifest has other than that of every spec, the bounds (null for none), how many rounds; as JSON.
/* global Response */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aManifest } from '@seedfleet/ledger/testing';
import { layoutOf } from '@seedfleet/numerics';
import { evaluateRound } from '../../dist/evaluation/evaluate.js';
import { prepareRun } from '../../dist/preparation/prepare-run.js';
import { peakMegabytes } from '../../dist/status/status-file.js';
import { RunFolder } from '../../dist/vault/run-folder.js';

const { served, folder, data, change, bounds, rounds } = JSON.parse(process.argv[2]);
const megabytes = (bytes) => Math.round(bytes / 2 ** 20);
const manifest = aManifest({ coordinatorPrivateKey: new Uint8Array(32).fill(7), ...change });
const layout = layoutOf(manifest.adapter.sites);
const seeds = BigUint64Array.from({ length: manifest.estimator.queries }, (_, i) => BigInt(i + 1));
const measured = [];
for (const memoryMegabytes of bounds) {
  const bench = await prepareRun({
    manifest, folder: new RunFolder(folder), batchSalt: new Uint8Array(32), data: { path: data, format: 'jsonl', fields: { text: 'text', label: 'label' }, heldOutFraction: 0 },
    compute: { threads: 1, precision: 'fp32', cacheMegabytes: 0, memoryMegabytes }, openModelFile: (path) => async () => new Response(readFileSync(join(served, path))),
  });
  const opened = megabytes(process.memoryUsage.rss());
  const differences = [];
  for (let batch = 0; batch < rounds; batch++) differences.push(...(await evaluateRound({ ...bench, manifest, b: new Float64Array(layout.size), seeds, batch })).differences);
  measured.push({ opened, peak: peakMegabytes(), positionsPerPass: bench.positionsPerPass, differences });
  await bench.engine.close();
}
console.log(JSON.stringify(measured));
