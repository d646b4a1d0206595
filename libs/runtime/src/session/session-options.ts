import { type InferenceSession } from 'onnxruntime-node';
import { byteProductsSaturate } from './byte-products.js';

/**
 * Options for a device that does other work too: bounded threads that sleep while they wait, and an arena, which holds what the largest pass took and no
 * more. (ONNX Runtime could give that back after each pass, by an option of a run, and its binding for Node passes on none.) Without the arena the same
 * passes end up in malloc's heap: measured 363 MB against 194 for the whole process (encoder of 7 M parameters, 8 rows of 16 examples of 64 tokens).
 * No memory pattern: it plans for one shape, and batches differ in length.
 */
export async function sessionOptions({ threads }: { threads: number }): Promise<InferenceSession.SessionOptions> {
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: true,
    enableMemPattern: false,
    // Fatal only: an error message of ONNX Runtime quotes token ids, and those are data. The error itself is thrown all the same.
    logSeverityLevel: 4,
    extra: { session: {
      intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' },
      // Integer weights behind DequantizeLinear meet float32 activations (1), not ones rounded to int8 (4, the default):
      // rounding moved a loss by 0.005 in a test, far more than a perturbation does.
      qdq_matmulnbits_accuracy_level: '1',
      // uint8 weights in place of int8 ones: exact on every processor, and 2.3 times slower than int8 where that is exact, too.
      x64quantprecision: await byteProductsSaturate() ? '1' : '0',
    } },
  };
}

export const runOptions: InferenceSession.RunOptions = { logSeverityLevel: 4 };
