import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { toRefusal } from '@seedfleet/errors';
import { Presence } from '../devices/presence.js';
import { MetricRegistry } from './metric-registry.js';

/** Counts connections of devices. */
@Injectable()
export class SessionMetrics {
  private readonly handshakes: Counter<'outcome' | 'reason'>;

  constructor({ registry }: MetricRegistry, presence: Presence) {
    this.handshakes = new Counter({ name: 'seedfleet_device_handshakes_total', help: 'Connections that devices asked for.', labelNames: ['outcome', 'reason'], registers: [registry] });
    this.handshakes.inc({ outcome: 'admitted', reason: '' }, 0);
    // Watched by an alert, from before the first one.
    this.handshakes.inc({ outcome: 'refused', reason: 'credential.invalid' }, 0);
    new Gauge({
      name: 'seedfleet_device_connections', help: 'Devices that are connected to this coordinator.', registers: [registry],
      collect() { this.set(presence.size); },
    });
  }

  admitted(): void {
    this.handshakes.inc({ outcome: 'admitted', reason: '' });
  }

  /** told to come back */
  postponed(): void {
    this.handshakes.inc({ outcome: 'postponed', reason: '' });
  }

  refused(error: unknown): void {
    this.handshakes.inc({ outcome: 'refused', reason: toRefusal(error).code });
  }
}
