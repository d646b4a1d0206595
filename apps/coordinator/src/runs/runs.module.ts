import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { RoundsModule } from '../rounds/rounds.module.js';
import { AssignmentRepository } from './assignment.repository.js';
import { AssignmentsGateway } from './assignments.gateway.js';
import { AssignmentsService } from './assignments.service.js';
import { RunAccess } from './run-access.js';
import { RunBranching } from './run-branching.js';
import { RunCreation } from './run-creation.js';
import { RunDevices } from './run-devices.js';
import { RunViews } from './run-views.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';

@Module({
  imports: [ModelsModule, RoundsModule], controllers: [RunsController],
  providers: [RunsService, RunCreation, RunBranching, RunDevices, RunViews, RunAccess, AssignmentsService, AssignmentRepository, AssignmentsGateway], exports: [AssignmentsService],
})
export class RunsModule {}
