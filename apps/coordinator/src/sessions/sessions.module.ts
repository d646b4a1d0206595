import { Module } from '@nestjs/common';
import { RoundsModule } from '../rounds/rounds.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { SessionGateway } from './session.gateway.js';
import { SessionsService } from './sessions.service.js';

@Module({ imports: [RunsModule, RoundsModule], providers: [SessionGateway, SessionsService], exports: [SessionsService] })
export class SessionsModule {}
