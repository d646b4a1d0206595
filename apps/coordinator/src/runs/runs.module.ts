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
import { GroupMembers } from '../groups/group-members.js';
import { RunFigures } from './run-figures.repository.js';
import { RunMembership } from './run-membership.js';
import { RunPlans } from './run-plans.js';
import { RunPreviews } from './run-previews.js';
import { RunStarter } from './run-starter.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';

@Module({
  imports: [ModelsModule, RoundsModule], controllers: [RunsController],
  providers: [RunsService, RunCreation, RunBranching, RunDevices, GroupMembers, RunMembership, RunPlans, RunStarter, RunFigures, RunPreviews, RunViews, RunAccess, AssignmentsService, AssignmentRepository, AssignmentsGateway], exports: [AssignmentsService],
})
export class RunsModule {}
