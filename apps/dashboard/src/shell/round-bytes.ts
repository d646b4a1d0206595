/**
 * What a round costs on the wire. Measured at the client's socket (docs/protocol.md, "Measured bytes"; run, round and deadline take a few bytes
 * more when they grow): start 16 + 8q and commit 195 + 8q down, acks 6 down and 12 up, report 51 + 4q up, for q queries of one group.
 */
export interface RoundBytes { down: number; up: number }

const startBytes = (queries: number) => 16 + 8 * queries;
/** A commit holds q coefficients and a number for every group that reported. */
const commitBytes = ({ queries, groups }: Estimator) => 193 + groups * (2 + 8 * queries);

export interface Estimator { queries: number; groups: number }

/** Of one device that reports in the round. */
export function reporterBytes(estimator: Estimator): RoundBytes {
  return { down: startBytes(estimator.queries) + 6 + commitBytes(estimator), up: 12 + 51 + 4 * estimator.queries };
}

export interface RoundShape extends Estimator {
  /** devices that report */
  reports: number;
  /** devices of the run that only follow: they get the commit */
  followers: number;
}

/** Of all devices together. */
export function roundBytes({ reports, followers, ...estimator }: RoundShape): number {
  const { down, up } = reporterBytes(estimator);
  return reports * (down + up) + followers * commitBytes(estimator);
}

/** FedAvg sends every trained value to each reporting device and back, as float32. @param values  numbers that it trains */
export const averagingBytes = ({ reports, values }: { reports: number; values: number }) => reports * 2 * 4 * values;

/** Trained values of LoRA sites with frozen A, and of a head over `width` features. */
export function trainedValues({ sites, rank, width, classes }: { sites: readonly { outputs: number }[]; rank: number; width: number; classes: number }): number {
  return sites.reduce((sum, site) => sum + rank * site.outputs, 0) + (width + 1) * classes;
}
