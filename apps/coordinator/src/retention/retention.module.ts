import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { OperatorsModule } from '../operators/operators.module.js';
import { RetentionRepository } from './retention.repository.js';
import { RetentionService } from './retention.service.js';

@Module({ imports: [MetricsModule, OperatorsModule], providers: [RetentionService, RetentionRepository] })
export class RetentionModule {}
