import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { AlertsModule } from '../alerts/alerts.module.js';
import { BackupModule } from '../backup/backup.module.js';
import { DevicesModule } from '../devices/devices.module.js';
import { EnrolmentModule } from '../enrolment/enrolment.module.js';
import { GroupsModule } from '../groups/groups.module.js';
import { HealthModule } from '../health/health.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { LiveModule } from '../live/live.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { ModelsModule } from '../models/models.module.js';
import { AccessGuard } from '../operators/access.guard.js';
import { OperatorsModule } from '../operators/operators.module.js';
import { ReplicasModule } from '../replicas/replicas.module.js';
import { RetentionModule } from '../retention/retention.module.js';
import { RoundsModule } from '../rounds/rounds.module.js';
import { RunSeriesModule } from '../run-series/run-series.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { SystemModule } from '../system/system.module.js';
import { serverLimits } from './limits.js';
import { ProblemFilter } from './problem.filter.js';
import { RevisionInterceptor } from './revisions.js';
import { ShortListInterceptor } from './short-lists.js';
import { SurroundingsModule, type OpenedSurroundings } from './surroundings.module.js';

@Module({})
export class CoordinatorModule {
  static with(surroundings: OpenedSurroundings): DynamicModule {
    return {
      module: CoordinatorModule,
      imports: [
        SurroundingsModule.with(surroundings),
        ThrottlerModule.forRoot([{ ttl: 60_000, limit: serverLimits.deviceAccessPerMinute }]),
        ReplicasModule, OperatorsModule, DevicesModule, GroupsModule, AlertsModule, EnrolmentModule, ModelsModule, RoundsModule, RunSeriesModule, SystemModule, RunsModule, SessionsModule, HealthModule, IdempotencyModule, MetricsModule, RetentionModule, BackupModule, LiveModule,
      ],
      providers: [{ provide: APP_GUARD, useClass: AccessGuard }, { provide: APP_FILTER, useClass: ProblemFilter }, { provide: APP_INTERCEPTOR, useClass: RevisionInterceptor }, { provide: APP_INTERCEPTOR, useClass: ShortListInterceptor }],
    };
  }
}
