import { Module } from '@nestjs/common';
import { RoundsModule } from '../rounds/rounds.module.js';
import { DisclosureRepository } from './disclosure.repository.js';
import { DisclosureService } from './disclosure.service.js';
import { MarkRepository } from './mark.repository.js';
import { ParticipationRepository } from './participation.repository.js';
import { ParticipationService } from './participation.service.js';
import { RoundDetailsRepository } from './round-details.repository.js';
import { RoundDetailsService } from './round-details.service.js';
import { RunDeviceCounts } from './run-device-counts.js';
import { RunEventRepository } from './run-event.repository.js';
import { RunEventsController, RunSeriesController } from './run-series.controller.js';
import { SeriesRepository } from './series.repository.js';
import { SeriesService } from './series.service.js';
import { StateHashRepository } from './state-hash.repository.js';
import { StatisticsModule } from './statistics.module.js';

const repositories = [SeriesRepository, MarkRepository, RunDeviceCounts, RoundDetailsRepository, ParticipationRepository, StateHashRepository, DisclosureRepository, RunEventRepository];

@Module({
  imports: [RoundsModule, StatisticsModule], controllers: [RunSeriesController, RunEventsController],
  providers: [SeriesService, RoundDetailsService, ParticipationService, DisclosureService, ...repositories],
})
export class RunSeriesModule {}
