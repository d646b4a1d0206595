import { type InferenceSession } from 'onnxruntime-node';

/**
 * Options for a device that does other work too: bounded threads that sleep while they wait, and memory that goes back after
 * each pass. The arena and the memory pattern would keep the largest pass of every shape for good; batches differ in length.
 */
export function sessionOptions({ threads }: { threads: number }): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: false,
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  };
}
