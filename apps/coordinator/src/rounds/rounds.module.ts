import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { StatisticsModule } from '../run-series/statistics.module.js';
import { RunRepository } from '../runs/run.repository.js';
import { TracingModule } from '../tracing/tracing.module.js';
import { Announcer } from './announcer.js';
import { ArtifactRepository } from './artifact.repository.js';
import { CommitRepository } from './commit.repository.js';
import { EvaluationRepository } from './evaluation.repository.js';
import { LoopToolbox } from './loop-toolbox.js';
import { RoundRepository } from './round.repository.js';
import { RoundsGateway } from './rounds.gateway.js';
import { RoundsService } from './rounds.service.js';
import { RoundWatchers } from './round-watchers.js';
import { RunLoops } from './run-loops.js';
import { StateHistory } from './state-history.js';

const shared = [RunLoops, Announcer, RunRepository, RoundRepository, CommitRepository, EvaluationRepository, ArtifactRepository, StateHistory];

@Module({ imports: [MetricsModule, TracingModule, StatisticsModule], providers: [...shared, LoopToolbox, RoundWatchers, RoundsService, RoundsGateway], exports: shared })
export class RoundsModule {}
