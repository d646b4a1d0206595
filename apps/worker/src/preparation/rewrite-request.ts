import { type Manifest } from '@seedfleet/ledger';
import { type Refusal } from '@seedfleet/errors';

/** What the rewriting process is asked: read `modelPath`, write the training graph of the manifest to `target`. */
export interface RewriteRequest {
  manifest: Manifest;
  modelPath: string;
  target: string;
}

/** What it answers before it ends. */
export type RewriteAnswer = { ok: true; sha256: string; peakMegabytes: number } | { ok: false; error: Refusal };

/** Graph input of a site: what the engine feeds its rows of B to. */
export function graphInputOf(site: Manifest['adapter']['sites'][number]): string {
  switch (site.kind) {
    case 'lora': return `B/${site.name}`;
    case 'head-weight': return headInputs.weight;
    case 'head-bias': return headInputs.bias;
  }
}

export const headInputs = { weight: 'head.W', bias: 'head.b' } as const;
