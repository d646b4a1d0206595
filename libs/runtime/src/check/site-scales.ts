import { bestOf, qualityOf, type EpsFinding, type Linearity } from './linearity.js';

export type TrainedKind = 'lora' | 'bias' | 'head';
export const kindWords: Readonly<Record<TrainedKind, string>> = { lora: 'adapters', bias: 'biases', head: 'head' };
const options = { lora: '--scale', bias: '--bias-scale', head: '--head-scale' } as const satisfies Record<TrainedKind, string>;

/** What the differences of one kind of trained values show while the others stand still. */
export interface KindMeasure { kind: TrainedKind; scale: number; linearity: Linearity }

export interface ScaleFinding extends KindMeasure {
  /** Option of `runs start` that sets this scale. */
  option: string;
  /** The scale with which this kind goes, at the eps suggested for all, as far as it should alone; null where nothing says how far that is. */
  suggested: number | null;
  /** Quality of its differences alone (`qualityOf`) at the eps suggested for all, and the best at any eps. */
  atSuggestedEps: number;
  best: number;
}

/**
 * A row perturbs by eps times scale: what one kind of values needs more or less of than another is for its scale to say. The scale suggested for a kind
 * takes it to the eps suggested for it alone, when eps is the one suggested for all.
 */
export function scaleFindingsOf(kinds: readonly KindMeasure[], whole: Linearity): ScaleFinding[] {
  return kinds.map(({ kind, scale, linearity }) => {
    const { suggested, findings } = linearity;
    return {
      kind, scale, linearity, option: options[kind],
      suggested: suggested === null || whole.suggested === null ? null : Number((scale * suggested / whole.suggested).toPrecision(1)),
      atSuggestedEps: quality(findings.find(({ eps }) => eps === whole.suggested)), best: quality(bestOf(findings)),
    };
  });
}

const quality = (finding: EpsFinding | undefined) => (finding ? qualityOf(finding) : 0);
