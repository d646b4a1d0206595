import { closeSync, existsSync, fsyncSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { encodeLog } from '@seedfleet/ledger';
import { z } from 'zod';
import { makePrivateFolder, readFileIfThere, syncFolder, writeFileAtomically } from './atomic-file.js';

const counterSchema = z.strictObject({ batches: z.int().min(0) });
const endedSchema = z.strictObject({ state: z.string(), cause: z.string() });

const measurementSchema = z.strictObject({ forwardMs: z.number().min(0), peakMegabytes: z.int().min(1) });

/** What one step costs here: milliseconds for all rows of a batch, and the highest resident memory of this process after it. */
export type Measurement = z.infer<typeof measurementSchema>;

/** How a run ended for this device. */
export type Ended = z.infer<typeof endedSchema>;

/**
 * The files of one run on this device: HOME/runs/RUN. Readers answer null for a file that is not there or does not read;
 * whoever calls decides how to get it back. Nothing here interprets a commit.
 */
export class RunFolder {
  readonly modelPath: string;
  /** What this device's texts become before the first adapter: tells nearly as much as they do. Goes when the run ends here or is left. */
  readonly activationsPath: string;

  constructor(readonly path: string) {
    this.modelPath = join(path, 'model');
    this.activationsPath = join(path, 'activations');
  }

  create(): void {
    makePrivateFolder(this.path);
  }

  /** The signed manifest as it came, not verified. */
  readManifest(): unknown {
    return this.readJson('manifest.json');
  }

  writeManifest(manifest: unknown): void {
    writeFileAtomically(join(this.path, 'manifest.json'), JSON.stringify(manifest));
  }

  readCheckpoint(): Uint8Array | null {
    return readFileIfThere(join(this.path, 'state'));
  }

  writeCheckpoint(bytes: Uint8Array): void {
    writeFileAtomically(join(this.path, 'state'), bytes);
  }

  /** The checkpoint of round 0 of a branch, as it came: what the replica falls back to. */
  readFirstState(): Uint8Array | null {
    return readFileIfThere(join(this.path, 'first-state'));
  }

  writeFirstState(bytes: Uint8Array): void {
    writeFileAtomically(join(this.path, 'first-state'), bytes);
  }

  /** The whole commits at the start of the tail file, and whether that is all of it: a crash may have cut the last one, which was never acted on. */
  readTail(): { commits: Uint8Array[]; isWhole: boolean } {
    const bytes = readFileIfThere(join(this.path, 'tail')) ?? new Uint8Array();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const commits: Uint8Array[] = [];
    let at = 0;
    while (at + 4 <= bytes.length) {
      const end = at + 4 + view.getUint32(at, true);
      if (end > bytes.length) break;
      commits.push(bytes.slice(at + 4, end));
      at = end;
    }
    return { commits, isWhole: at === bytes.length };
  }

  /** Adds commits to the tail, durable on return. */
  appendTail(commits: readonly Uint8Array[]): void {
    const path = join(this.path, 'tail');
    const isNew = !existsSync(path);
    const file = openSync(path, 'a', 0o600);
    try {
      const data = encodeLog([...commits]);
      for (let written = 0; written < data.length;) written += writeSync(file, data, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (isNew) syncFolder(this.path);
  }

  replaceTail(commits: readonly Uint8Array[]): void {
    writeFileAtomically(join(this.path, 'tail'), encodeLog([...commits]));
  }

  /** Removes state and tail: the next start replays from round 0. */
  removeState(): void {
    rmSync(join(this.path, 'state'), { force: true });
    rmSync(join(this.path, 'tail'), { force: true });
    syncFolder(this.path);
  }

  /**
   * How many batches of this run were shown to the engine, crashes included.
   * @param atMost answered where the file is damaged: an upper bound, so that no batch is shown twice
   */
  readBatches(atMost: number): number {
    const saved = counterSchema.safeParse(this.readJson('batches.json'));
    if (saved.success) return saved.data.batches;
    return existsSync(join(this.path, 'batches.json')) ? atMost : 0;
  }

  /** Durable on return. */
  writeBatches(batches: number): void {
    writeFileAtomically(join(this.path, 'batches.json'), JSON.stringify({ batches }));
  }

  readEnded(): Ended | null {
    const ended = endedSchema.safeParse(this.readJson('ended.json'));
    return ended.success ? ended.data : null;
  }

  /** Notes the end of the run and gives the disk space of model and activations back. */
  writeEnded(ended: Ended): void {
    writeFileAtomically(join(this.path, 'ended.json'), JSON.stringify(ended));
    rmSync(this.modelPath, { recursive: true, force: true });
    this.removeActivations();
  }

  /** The folder for activations of one graph; those of any other are removed, or they would take its room. @param graph hex SHA-256 of what computes them */
  activationsOf(graph: string): string {
    const own = graph.slice(0, 16);
    makePrivateFolder(this.activationsPath);
    for (const other of readdirSync(this.activationsPath)) if (other !== own) rmSync(join(this.activationsPath, other), { recursive: true, force: true });
    return join(this.activationsPath, own);
  }

  removeActivations(): void {
    rmSync(this.activationsPath, { recursive: true, force: true });
  }

  /** What an earlier process measured of this run on this device. */
  readMeasurement(): Measurement | null {
    const measured = measurementSchema.safeParse(this.readJson('measurement.json'));
    return measured.success ? measured.data : null;
  }

  writeMeasurement(measurement: Measurement): void {
    writeFileAtomically(join(this.path, 'measurement.json'), JSON.stringify(measurement));
  }

  private readJson(name: string): unknown {
    const bytes = readFileIfThere(join(this.path, name));
    if (bytes === null) return null;
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return null;
    }
  }
}
