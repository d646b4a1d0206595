import { Injectable } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { Histogram } from 'prom-client';
import { Clock } from '../app/surroundings.js';
import { MetricRegistry } from './metric-registry.js';

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']);

/** Times requests by the pattern of their route: what stands in a path never becomes a label. */
@Injectable()
export class RequestMetrics {
  private readonly duration: Histogram<'method' | 'route' | 'status'>;

  constructor({ registry }: MetricRegistry, private readonly clock: Clock) {
    this.duration = new Histogram({
      name: 'seedfleet_http_request_duration_seconds', help: 'HTTP requests, from their head to the end of the answer.', labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 60], registers: [registry],
    });
  }

  time(request: Request, response: Response): void {
    const beganMs = this.clock.nowMs();
    response.once('close', () => {
      const route: unknown = (request.route as { path?: unknown } | undefined)?.path;
      const isRoute = typeof route === 'string' && route.startsWith('/') && !route.includes('*');
      this.duration.observe(
        { method: methods.has(request.method) ? request.method : 'other', route: isRoute ? route : 'none', status: String(response.statusCode) },
        (this.clock.nowMs() - beganMs) / 1_000,
      );
    });
  }
}
