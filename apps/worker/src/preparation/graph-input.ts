import { type Manifest } from '@seedfleet/ledger';

/** Graph input of a site: what the engine feeds its rows of B to. */
export function graphInputOf(site: Manifest['adapter']['sites'][number]): string {
  switch (site.kind) {
    case 'lora': return `B/${site.name}`;
    case 'bias': return `beta/${site.name}`;
    case 'head-weight': return headInputs.weight;
    case 'head-bias': return headInputs.bias;
  }
}

export const headInputs = { weight: 'head.W', bias: 'head.b' } as const;

/** What a bias is called behind its linear. */
export const biasEnding = '.bias';
