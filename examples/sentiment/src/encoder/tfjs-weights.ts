import { readEncoderFile } from './encoder-package.js';

/** What is read of a TensorFlow.js `model.json`. */
interface TfjsModel {
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; dtype: string }[] }[];
}

/** A float32 tensor in C order. */
export interface Weight {
  shape: readonly number[];
  values: Float32Array;
}

/** Weights of a TensorFlow.js model by pattern: names there carry numbers and scopes that say nothing. */
export interface TfjsWeights {
  /** The one weight whose name matches. */
  find(pattern: RegExp): Weight;
}

export async function readTfjsWeights(): Promise<TfjsWeights> {
  const model = JSON.parse((await readEncoderFile('model.json')).toString('utf8')) as TfjsModel;
  const byName = new Map<string, Weight>();
  for (const group of model.weightsManifest) {
    const bytes = Buffer.concat(await Promise.all(group.paths.map((path) => readEncoderFile(path))));
    let offset = 0;
    for (const { name, shape } of group.weights) {
      // Every dtype of this model, float32 and int32, has four bytes a value; only float32 weights are asked for.
      const length = 4 * shape.reduce((product, size) => product * size, 1);
      byName.set(name, { shape, values: new Float32Array(Uint8Array.from(bytes.subarray(offset, offset + length)).buffer) });
      offset += length;
    }
  }
  return {
    find(pattern) {
      const [first, ...others] = [...byName].filter(([name]) => pattern.test(name));
      if (first === undefined || others.length > 0) throw new Error(`${pattern} matches ${first ? others.length + 1 : 0} weights of the encoder instead of one.`);
      return first[1];
    },
  };
}
