import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type TextInputs } from '@seedfleet/onnx';
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { type Batch, type PrefixOptions } from '../engine/engine.js';
import { pickExamples, textFeeds } from '../session/text-batch.js';
import { ActivationCache, type Activation } from './activation-cache.js';

export interface PrefixParts { session: InferenceSession; options: PrefixOptions; modelInputs: TextInputs; run(feeds: Record<string, Tensor>, fetches: readonly string[]): Promise<Record<string, Tensor>> }

/** The part of a training graph before its frontier. What it gives for an example depends on that example alone, and may come from the disk. */
export class PrefixSession {
  private constructor(private readonly parts: PrefixParts, private readonly cache: ActivationCache | undefined, private readonly fingerprint: Buffer) {}

  static async open(parts: PrefixParts): Promise<PrefixSession> {
    const { cache, modelPath } = parts.options;
    return new PrefixSession(parts, cache && new ActivationCache(cache), cache ? await sha256Of(modelPath) : Buffer.alloc(0));
  }

  /** Activations of a batch by their names, each with the examples on axis 0, in blocks of equal size. */
  async activations(batch: Batch): Promise<Record<string, Tensor>> {
    if (!this.cache) return this.compute(batch);
    const keys = Array.from({ length: batch.examples }, (_, i) => this.keyOf(batch, i));
    const entries = keys.map((key) => this.cache?.read(key)).map((entry) => (entry?.length === this.parts.options.activations.length ? entry : undefined));
    const missing = entries.flatMap((entry, i) => (entry ? [] : [i]));
    if (missing.length > 0) {
      const computed = await this.compute(pickExamples(batch, missing));
      missing.forEach((example, at) => {
        const entry = this.parts.options.activations.map((name) => sliceOf(computed[name], { at, of: missing.length }));
        this.cache?.write(keys[example] ?? '', entry);
        entries[example] = entry;
      });
    }
    return Object.fromEntries(this.parts.options.activations.map((name, i) => [name, stacked(entries.map((entry) => entry?.[i]))]));
  }

  async release(): Promise<void> {
    await this.parts.session.release();
  }

  private compute(batch: Batch): Promise<Record<string, Tensor>> {
    const { session, modelInputs, options: { activations }, run } = this.parts;
    const feeds = textFeeds(batch, modelInputs);
    return run(Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name))), activations);
  }

  /** Of this graph, with its frozen A, and this text at this length. */
  private keyOf({ tokens, ids, mask, answer }: Batch, example: number): string {
    const hash = createHash('sha256').update(this.fingerprint);
    for (const values of [ids, mask]) hash.update(bytesOf(values.subarray(example * tokens, (example + 1) * tokens)));
    // Before the frontier, too, a position may have been chosen.
    if (answer) hash.update(bytesOf(answer.subarray(example, example + 1)));
    return hash.digest('hex');
  }
}

function sliceOf(tensor: Tensor | undefined, { at, of }: { at: number; of: number }): Activation {
  const data = tensor?.data instanceof Float32Array ? tensor.data : new Float32Array(0);
  const size = data.length / of;
  const [first = 0, ...rest] = tensor?.dims ?? [];
  return { shape: [first / of, ...rest], values: data.subarray(at * size, (at + 1) * size) };
}

function stacked(entries: readonly (Activation | undefined)[]): Tensor {
  const [first] = entries;
  const size = first?.values.length ?? 0;
  const values = new Float32Array(entries.length * size);
  entries.forEach((entry, i) => values.set(entry?.values ?? [], i * size));
  const [rows = 0, ...rest] = first?.shape ?? [];
  return new Tensor('float32', values, [entries.length * rows, ...rest]);
}

function bytesOf(values: BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function sha256Of(path: string): Promise<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return hash.digest();
}
