import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.js';
import { RoundsModule } from '../rounds/rounds.module.js';
import { EventLoopWatch } from './event-loop-watch.js';
import { OverviewRepository } from './overview.repository.js';
import { SystemController } from './system.controller.js';
import { SystemRepository } from './system.repository.js';
import { SystemService } from './system.service.js';

@Module({ imports: [DevicesModule, RoundsModule], controllers: [SystemController], providers: [SystemService, SystemRepository, OverviewRepository, EventLoopWatch] })
export class SystemModule {}
