import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { ModelsService } from '../models/models.service.js';
import { type Caller } from '../operators/access.guard.js';
import { AssignmentRepository } from './assignment.repository.js';
import { RunRepository } from './run.repository.js';

/** Which callers may read the bytes of a run: operators of any, a device those that it has a part in. */
@Injectable()
export class RunAccess {
  constructor(private readonly runs: RunRepository, private readonly assignments: AssignmentRepository, private readonly models: ModelsService) {}

  /** @throws FleetError `request.not-found` to an operator, `run.unknown` to a device */
  async require(caller: Caller, run: number): Promise<void> {
    if (caller.kind === 'device') {
      if (await this.assignments.find(run, caller.id) === null) throw new FleetError('run.unknown', { field: 'id', problem: `This device has no part in a run ${run}.` });
      return;
    }
    if (await this.runs.find(run) === null) throw new FleetError('request.not-found', { field: 'id', problem: `There is no run ${run}.` });
  }

  /** Where a file of the run's model is on the disk. */
  async locateFile(caller: Caller, { run, path }: { run: number; path: string }): Promise<string> {
    await this.require(caller, run);
    const row = await this.runs.find(run);
    if (row === null) throw new FleetError('request.not-found', { field: 'id', problem: `There is no run ${run}.` });
    return this.models.locate(row.model, path);
  }
}
