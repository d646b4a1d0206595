/**
 * What a round costs on the wire. Measured at the client's socket (docs/protocol.md, "Measured bytes"; run, round and deadline take a few bytes
 * more when they grow): start 16 + 8q and commit 195 + 8q down, acks 6 down and 12 up, report 51 + 4q up, for q queries of one group.
 */
export interface RoundBytes { down: number; up: number }

export interface EstimatorShape { queries: number; groups: number }

export const startBytes = (queries: number) => 16 + 8 * queries;
/** A commit holds q coefficients and a number for every group that reported. */
export const commitPacketBytes = ({ queries, groups }: EstimatorShape) => 193 + groups * (2 + 8 * queries);
export const reportPacketBytes = (queries: number) => 51 + 4 * queries;
/** of a start, up; of a report, down */
export const ackBytes = { start: 12, report: 6 };

/** Of one device that reports in the round. */
export function reporterBytes(estimator: EstimatorShape): RoundBytes {
  const { queries } = estimator;
  return { down: startBytes(queries) + ackBytes.report + commitPacketBytes(estimator), up: ackBytes.start + reportPacketBytes(queries) };
}

/** FedAvg sends every trained value to each reporting device and back, as float32. @param values numbers that it trains */
export const averagingBytes = ({ reports, values }: { reports: number; values: number }) => reports * 2 * 4 * values;
