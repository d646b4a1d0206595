import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { StatisticsModule } from '../run-series/statistics.module.js';
import { RetryBudget } from '../replicas/retry-budget.js';
import { RunRepository } from '../runs/run.repository.js';
import { TracingModule } from '../tracing/tracing.module.js';
import { Announcer } from './announcer.js';
import { ArtifactRepository } from './artifact.repository.js';
import { CommitRepository } from './commit.repository.js';
import { EvaluationRepository } from './evaluation.repository.js';
import { FollowedRunRepository } from './followed-run.repository.js';
import { LeaderWrites } from './leader-writes.js';
import { LoopToolbox } from './loop-toolbox.js';
import { ReportIntake } from './report-intake.js';
import { RoundRepository } from './round.repository.js';
import { RoundsGateway } from './rounds.gateway.js';
import { RoundsService } from './rounds.service.js';
import { RoundWatchers } from './round-watchers.js';
import { RunDesk } from './run-desk.js';
import { RunFollowers } from './run-followers.js';
import { RunInputRepository } from './run-input.repository.js';
import { RunInputs } from './run-inputs.js';
import { RunLeadership } from './run-leadership.js';
import { RunLoops } from './run-loops.js';
import { StateHistory } from './state-history.js';

const shared = [RunLoops, Announcer, RunRepository, RoundRepository, CommitRepository, EvaluationRepository, ArtifactRepository, StateHistory, RunDesk, RunLeadership];

@Module({ imports: [MetricsModule, TracingModule, StatisticsModule], providers: [...shared, LoopToolbox, LeaderWrites, RunInputs, RunInputRepository, RunFollowers, FollowedRunRepository, ReportIntake, RetryBudget, RoundWatchers, RoundsService, RoundsGateway], exports: shared })
export class RoundsModule {}
