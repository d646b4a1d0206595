import { Injectable } from '@nestjs/common';
import { RoundMetrics } from '../metrics/round-metrics.js';
import { RoundStatistics } from '../run-series/round-statistics.js';
import { RoundTraces } from '../tracing/round-traces.js';
import { type RoundEvent } from './round-event.js';

/** Everyone who wants to know what runs do. They only look: nothing waits for them. */
@Injectable()
export class RoundWatchers {
  constructor(private readonly metrics: RoundMetrics, private readonly traces: RoundTraces, private readonly statistics: RoundStatistics) {}

  tell(event: RoundEvent): void {
    this.metrics.hear(event);
    this.traces.hear(event);
    this.statistics.hear(event);
  }
}
