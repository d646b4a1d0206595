import { publicKeyOf } from '#crypto';
import { toHex } from '../bytes/hex.js';
import { type Manifest } from './manifest-schema.js';

/** A small valid run: two lora sites of rank 2 and a head of two labels, signed for by the key of the given private key. */
export function aManifest({ coordinatorPrivateKey, ...changes }: { coordinatorPrivateKey: Uint8Array } & Partial<Manifest>): Manifest {
  return {
    format: 'seedfleet/manifest/v1',
    run: 1,
    name: 'a run',
    createdAt: '2026-11-25T10:00:00.000Z',
    coordinatorKey: toHex(publicKeyOf(coordinatorPrivateKey)),
    runKey: 'a8e5b8abeeab14cef599cc052535d5cec0ad06783f60ec83760457a17c472a49',
    model: {
      name: 'a model', output: 'pooled', inputs: { ids: 'input_ids', mask: 'attention_mask' },
      files: [{ path: 'model.onnx', role: 'model', sha256: '00'.repeat(32), bytes: 1000 }, { path: 'tokenizer.json', role: 'tokenizer', sha256: '11'.repeat(32), bytes: 100 }],
    },
    task: { type: 'classification', labels: ['negative', 'positive'], tokensMax: 64 },
    adapter: {
      rank: 2, alpha: 4,
      sites: [
        { name: 'encoder.layer.0.attn.q', kind: 'lora', inputs: 6, shape: [2, 5], scale: 1 },
        { name: 'encoder.layer.0.attn.v', kind: 'lora', inputs: 6, shape: [2, 7], scale: 1 },
        { name: 'head.W', kind: 'head-weight', inputs: 6, shape: [6, 2], scale: 10 },
        { name: 'head.b', kind: 'head-bias', inputs: 0, shape: [2], scale: 10 },
      ],
    },
    estimator: { type: 'leave-one-out', queries: 4, eps: 0.01, distribution: 'rademacher', groups: 1, batchExamples: 8 },
    stepRule: { type: 'sgd', learningRate: 0.05, schedule: 'constant' },
    policy: { roundsMax: 20, cohort: 3, overSelection: 1, reportsMin: 2, deadlineMs: 10_000, evaluationEveryRounds: 5, checkpointEveryRounds: 5, attemptsMax: 3 },
    privacy: { type: 'none' },
    branch: null,
    ...changes,
  };
}
