import { TestEnvironment } from 'jest-environment-node';

// Specs have a copy of the environment, which ONNX Runtime does not read (libs/runtime/src/engine/no-telemetry.ts).
process.env['ORT_DISABLE_TELEMETRY'] = '1';

/** Shares the typed-array constructors with the tests: native addons (onnxruntime) check against those of the main realm. */
export default class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const constructor of [ArrayBuffer, SharedArrayBuffer, Uint8Array, Int8Array, Uint16Array, Int16Array,
      Uint32Array, Int32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array]) {
      this.global[constructor.name] = constructor;
    }
  }
}
