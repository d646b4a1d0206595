import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256, utf8, type Manifest } from '@seedfleet/ledger';
import { aManifest } from '@seedfleet/ledger/testing';
import { computeDefaults, type RunCompute } from '../preparation/compute-options.js';
import { type DataSource } from '../preparation/data-source.js';
import { prepareRun, type Workbench } from '../preparation/prepare-run.js';
import { RunFolder } from '../vault/run-folder.js';

const privateKey = new Uint8Array(32).fill(7);

export interface Preparation {
  change?: Partial<Manifest>;
  compute?: Partial<RunCompute>;
  /** Lines of the data file: texts as they are, anything else as JSON. */
  lines: readonly unknown[];
  data?: Partial<DataSource>;
}

/** A folder from which model files are served over HTTP, and a run's folder beside it that is prepared from them as often as a spec likes. */
export class ARunHere {
  readonly folder = mkdtempSync(join(tmpdir(), 'seedfleet-prepare-'));
  readonly served = join(this.folder, 'served');
  readonly runFolder = new RunFolder(join(this.folder, 'run'));
  requests: string[] = [];
  private readonly server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    this.requests.push(path);
    response.end(readFileSync(join(this.served, path)));
  });
  private readonly opened: Workbench[] = [];

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    for (const { engine } of this.opened.splice(0)) await engine.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async prepare({ change = {}, compute = {}, lines, data = {} }: Preparation): Promise<Workbench & { manifest: Manifest }> {
    const path = join(this.folder, 'data');
    writeFileSync(path, lines.map((line) => typeof line === 'string' ? line : JSON.stringify(line)).join('\n'));
    const manifest = aManifest({ coordinatorPrivateKey: privateKey, ...change });
    const bench = await prepareRun({
      manifest, folder: this.runFolder, batchSalt: sha256(utf8('seedfleet/batches/v1'), privateKey), compute: { ...computeDefaults, precision: 'fp32', ...compute },
      data: { path, format: 'jsonl', fields: { text: 'text', label: 'label' }, heldOutFraction: 0.25, ...data },
      openModelFile: (file) => () => fetch(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${file}`),
    });
    this.opened.push(bench);
    return { ...bench, manifest };
  }

  /** A file in the run's model folder. */
  inRun(path: string): string {
    return join(this.runFolder.modelPath, path);
  }

  /** Names of the training graph's files. */
  graphs(): string[] {
    return readdirSync(this.runFolder.modelPath).filter((name) => name.startsWith('training-')).sort();
  }

  /** Entries of the activation cache; null without its folder. */
  activations(): string[] | null {
    try {
      return readdirSync(this.runFolder.activationsPath, { recursive: true }).map(String).filter((name) => name.endsWith('.activations')).sort();
    } catch {
      return null;
    }
  }
}
