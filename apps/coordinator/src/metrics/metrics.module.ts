import { Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { type NextFunction, type Request, type Response } from 'express';
import { DevicesModule } from '../devices/devices.module.js';
import { FleetCountsRepository } from './fleet-counts.repository.js';
import { FleetGauges } from './fleet-gauges.js';
import { MetricRegistry } from './metric-registry.js';
import { MetricsController } from './metrics.controller.js';
import { ReplicaMetrics } from './replica-metrics.js';
import { RequestMetrics } from './request-metrics.js';
import { RoundMetrics } from './round-metrics.js';
import { SessionMetrics } from './session-metrics.js';

@Module({
  imports: [DevicesModule], controllers: [MetricsController],
  providers: [MetricRegistry, FleetCountsRepository, FleetGauges, RequestMetrics, RoundMetrics, SessionMetrics, ReplicaMetrics], exports: [MetricRegistry, RoundMetrics, SessionMetrics],
})
export class MetricsModule implements NestModule {
  constructor(private readonly requests: RequestMetrics) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply((request: Request, response: Response, next: NextFunction) => {
      this.requests.time(request, response);
      next();
    }).forRoutes('{*any}');
  }
}
