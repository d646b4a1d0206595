import { Injectable } from '@nestjs/common';
import { LiveChanges } from '../live/live-changes.js';
import { RoundMetrics } from '../metrics/round-metrics.js';
import { RoundStatistics } from '../run-series/round-statistics.js';
import { RoundTraces } from '../tracing/round-traces.js';
import { type RoundEvent } from './round-event.js';

/** Everyone who wants to know what runs do. They only look: nothing waits for them. */
@Injectable()
export class RoundWatchers {
  constructor(private readonly metrics: RoundMetrics, private readonly traces: RoundTraces, private readonly statistics: RoundStatistics, private readonly live: LiveChanges) {}

  tell(event: RoundEvent): void {
    this.metrics.hear(event);
    this.traces.hear(event);
    this.statistics.hear(event);
    this.push(event);
  }

  /** Answers and reports of single devices are too many, and what follows from them comes soon. */
  private push(event: RoundEvent): void {
    switch (event.type) {
      case 'opened': case 'collected': case 'committed': case 'abandoned': case 'evaluated': return this.live.tell('round', event.run);
      case 'taken-up': case 'broken': return this.live.tell('run', event.run);
      default: return;
    }
  }
}
