import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { RoundsModule } from '../rounds/rounds.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionGateway } from './session.gateway.js';
import { SessionsService } from './sessions.service.js';

@Module({ imports: [RunsModule, RoundsModule, MetricsModule], providers: [SessionGateway, SessionsService], exports: [SessionsService] })
export class SessionsModule {}
