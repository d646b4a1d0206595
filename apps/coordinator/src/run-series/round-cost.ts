import { type Manifest } from '@seedfleet/ledger';
import { ackBytes, commitPacketBytes, reportPacketBytes, startBytes } from '@seedfleet/protocol';

/** What the rounds of a run cost in bytes: a number for each packet, and for each report what two kinds of averaging would send. */
export interface RoundCost {
  /** each device that is asked: the start, and its answer */
  asked: number;
  /** each report, and its answer */
  report: number;
  /** each commit to each device of the run */
  commit: number;
  /** FedAvg of the trained values, float32, down and up */
  adapter: number;
  /** FedAvg of the whole model as it is stored, down and up */
  model: number;
}

export function roundCostOf({ estimator, adapter, model }: Pick<Manifest, 'estimator' | 'adapter' | 'model'>): RoundCost {
  const values = adapter.sites.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
  const modelBytes = model.files.reduce((sum, { role, bytes }) => sum + (role === 'tokenizer' ? 0 : bytes), 0);
  return {
    asked: startBytes(estimator.queries) + ackBytes.start, report: reportPacketBytes(estimator.queries) + ackBytes.report, commit: commitPacketBytes(estimator),
    adapter: 2 * 4 * values, model: 2 * modelBytes,
  };
}
