import { Controller, Res } from '@nestjs/common';
import { type Response } from 'express';
import { Handles } from '../app/handles.js';
import { FleetGauges } from './fleet-gauges.js';
import { MetricRegistry } from './metric-registry.js';

@Controller()
export class MetricsController {
  constructor(private readonly metrics: MetricRegistry, private readonly gauges: FleetGauges) {}

  @Handles('metrics')
  async show(@Res() response: Response): Promise<void> {
    await this.gauges.read();
    response.set('Content-Type', this.metrics.contentType).send(await this.metrics.text());
  }
}
