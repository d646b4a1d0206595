import { type Refusal } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { type Precision } from './compute-options.js';
import { type WrittenGraph } from './written-graph.js';

/** What the rewriting process is asked: read `modelPath`, write the training graph of the manifest beside it. */
export interface RewriteRequest {
  manifest: Manifest;
  modelPath: string;
  precision: Precision;
  /** Token id of each label's word; a verbalizer's only. */
  answers: readonly number[];
  /** Of the graph's files, before their endings. */
  name: string;
}

/** What it answers before it ends. */
export type RewriteAnswer = { ok: true; written: WrittenGraph; peakMegabytes: number } | { ok: false; error: Refusal };
