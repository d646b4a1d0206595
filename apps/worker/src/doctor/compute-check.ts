import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { manifestSchema } from '@seedfleet/ledger';
import { computeOf, memoryMegabytesOf, type ComputeOptions } from '../preparation/compute-options.js';
import { readPolicy } from '../vault/policy.js';
import { RunFolder } from '../vault/run-folder.js';
import { vaultPath } from '../vault/vault.js';
import { type Check } from './check.js';

/** What a run would be computed in here, and within which bounds; of runs that are here already, what each gets. */
export function computeCheck({ home, options }: { home: string; options: ComputeOptions }): Check {
  return { name: 'compute', after: ['policy'], look: () => {
    const policy = readPolicy(vaultPath(home, 'policy'));
    const memory = memoryMegabytesOf({ options, policy });
    const precision = options.precision === 'run' ? 'precision as the run says (fp32 if it says nothing)' : `${options.precision} whatever the run says`;
    return [
      precision,
      options.cacheMegabytes === 0 ? 'no activations kept' : `activations up to ${options.cacheMegabytes} MB a run`,
      memory === null ? 'no bound on a step' : `a step within ${memory} MB`,
      `${options.threads} ${options.threads === 1 ? 'thread' : 'threads'}`,
      ...runsIn(home).map(({ run, manifest }) => `run ${run}: ${computeOf({ options, manifest, policy }).precision}`),
    ].join('; ');
  } };
}

/** Runs that go on, by their manifests as they lie here. A manifest that does not read says nothing: the worker fetches it anew. */
function runsIn(home: string) {
  const folder = vaultPath(home, 'runs');
  const runs = existsSync(folder) ? readdirSync(folder).map(Number).filter((run) => Number.isInteger(run) && run > 0).sort((a, b) => a - b) : [];
  return runs.flatMap((run) => {
    const kept = new RunFolder(join(folder, String(run)));
    const signed = kept.readManifest();
    const manifest = manifestSchema.safeParse(typeof signed === 'object' && signed !== null ? Reflect.get(signed, 'manifest') : null);
    return manifest.success && kept.readEnded() === null ? [{ run, manifest: manifest.data }] : [];
  });
}
