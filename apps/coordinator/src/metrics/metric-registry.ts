import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { version } from '../health/version.js';

/**
 * Metrics of one coordinator, never of the process: two in one process do not share them.
 * Names and units are Prometheus's conventions. A label takes few values that are known beforehand: states, codes, routes. No device, no free
 * text; a run only in the gauges of those that are going on, and no more than RunGauges allows.
 */
@Injectable()
export class MetricRegistry {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({ name: 'seedfleet_build_info', help: 'Always 1; the labels say what runs.', labelNames: ['version', 'node'], registers: [this.registry] })
      .set({ version, node: process.version }, 1);
  }

  /** In the text format of Prometheus, version 0.0.4. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }
}
