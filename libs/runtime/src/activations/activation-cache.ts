import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One activation of one example: its block on the axis of the examples, and the axes behind. */
export interface Activation { shape: readonly number[]; values: Float32Array }

const suffix = '.activations';
const hashBytes = 32;

/**
 * Activations of examples on disk, one file an example: SHA-256 of the rest, then for each activation its number of axes, their sizes
 * (u32 little-endian) and its values (float32). Files are for their owner only (0600): activations tell nearly as much as the text.
 * When it is full nothing more is kept: in a run an example comes up once an epoch, and to throw out the oldest would throw out the next one.
 * The folder belongs to the run and goes with it. Whatever is wrong with the disk or with a file costs time, and nothing else.
 */
export class ActivationCache {
  private bytes = 0;

  constructor(private readonly options: { folder: string; bytesMax: number }) {
    const { folder } = options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) {
      if (name.endsWith(suffix)) this.bytes += statSync(join(folder, name)).size;
      else if (name.endsWith('.part')) rmSync(join(folder, name), { force: true });
    }
  }

  /** Undefined if there is no whole entry; a damaged one is removed. @param key hex */
  read(key: string): Activation[] | undefined {
    const path = this.pathOf(key);
    const entry = readIfThere(path);
    if (entry === undefined) return undefined;
    const content = entry.subarray(hashBytes);
    const activations = sha256(content).equals(entry.subarray(0, hashBytes)) ? decode(content) : undefined;
    if (activations === undefined) {
      rmSync(path, { force: true });
      this.bytes -= entry.length;
    }
    return activations;
  }

  /** Keeps an entry if there is room for it. */
  write(key: string, activations: readonly Activation[]): void {
    const content = encode(activations);
    if (this.bytes + hashBytes + content.length > this.options.bytesMax) return;
    const part = `${this.pathOf(key)}.${process.pid}.part`;
    try {
      writeFileSync(part, Buffer.concat([sha256(content), content]), { mode: 0o600 });
      renameSync(part, this.pathOf(key));
      this.bytes += hashBytes + content.length;
    } catch {
      // A full disk: the run goes on without this entry.
      rmSync(part, { force: true });
    }
  }

  private pathOf(key: string): string {
    return join(this.options.folder, `${key}${suffix}`);
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

function encode(activations: readonly Activation[]): Buffer {
  return Buffer.concat(activations.flatMap(({ shape, values }) => [
    Buffer.from(Uint32Array.of(shape.length, ...shape).buffer), Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  ]));
}

/** Undefined where the sizes do not fit the bytes. */
function decode(content: Buffer): Activation[] | undefined {
  const activations: Activation[] = [];
  let at = 0;
  while (at < content.length) {
    const axes = content.readUInt32LE(at);
    if (at + 4 * (1 + axes) > content.length) return undefined;
    const shape = Array.from({ length: axes }, (_, i) => content.readUInt32LE(at + 4 * (1 + i)));
    const from = at + 4 * (1 + axes);
    at = from + 4 * shape.reduce((a, b) => a * b, 1);
    if (at > content.length) return undefined;
    // Copied: a view of a file's bytes need not be aligned.
    activations.push({ shape, values: new Float32Array(new Uint8Array(content.subarray(from, at)).buffer) });
  }
  return activations;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
