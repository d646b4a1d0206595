import { commitPacketBytes, reporterBytes, type EstimatorShape } from '@seedfleet/protocol';

export { averagingBytes, reporterBytes } from '@seedfleet/protocol';

export interface RoundShape extends EstimatorShape {
  /** devices that report */
  reports: number;
  /** devices of the run that only follow: they get the commit */
  followers: number;
}

/** Of all devices together. */
export function roundBytes({ reports, followers, ...estimator }: RoundShape): number {
  const { down, up } = reporterBytes(estimator);
  return reports * (down + up) + followers * commitPacketBytes(estimator);
}

/** Trained values of LoRA sites with frozen A, and of a head over `width` features. */
export function trainedValues({ sites, rank, width, classes }: { sites: readonly { outputs: number }[]; rank: number; width: number; classes: number }): number {
  return sites.reduce((sum, site) => sum + rank * site.outputs, 0) + (width + 1) * classes;
}
