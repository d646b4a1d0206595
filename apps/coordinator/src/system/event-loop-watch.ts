import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

const windowMs = 60_000;
const resolutionMs = 20;
const nanosecondsPerMs = 1e6;

/** How late callbacks were in the last minute: what work on the only thread costs everybody. */
@Injectable()
export class EventLoopWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private current: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });
  private previous: IntervalHistogram | null = null;
  private timer: NodeJS.Timeout | undefined;

  onApplicationBootstrap(): void {
    this.current.enable();
    this.timer = setInterval(() => {
      this.previous?.disable();
      this.previous = this.current;
      this.current = monitorEventLoopDelay({ resolution: resolutionMs });
      this.current.enable();
      this.previous.disable();
    }, windowMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.current.disable();
  }

  /** Of the minute that is over; of what there is before the first is. */
  look(): { meanMs: number; p99Ms: number } {
    const histogram = this.previous ?? this.current;
    if (histogram.count === 0) return { meanMs: 0, p99Ms: 0 };
    // The histogram holds intervals between its own timers: what is more than their resolution is delay.
    const delayOf = (nanoseconds: number) => Math.max(0, nanoseconds / nanosecondsPerMs - resolutionMs);
    return { meanMs: delayOf(histogram.mean), p99Ms: delayOf(histogram.percentile(99)) };
  }
}
