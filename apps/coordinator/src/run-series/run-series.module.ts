import { Module } from '@nestjs/common';
import { RoundsModule } from '../rounds/rounds.module.js';
import { MarkRepository } from './mark.repository.js';
import { RunDeviceCounts } from './run-device-counts.js';
import { RunSeriesController } from './run-series.controller.js';
import { SeriesRepository } from './series.repository.js';
import { SeriesService } from './series.service.js';
import { StatisticsModule } from './statistics.module.js';

@Module({ imports: [RoundsModule, StatisticsModule], controllers: [RunSeriesController], providers: [SeriesService, SeriesRepository, MarkRepository, RunDeviceCounts] })
export class RunSeriesModule {}
