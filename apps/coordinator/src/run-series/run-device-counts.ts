import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** How many devices hear of a run. */
@Injectable()
export class RunDeviceCounts {
  constructor(private readonly database: Database) {}

  inRun(run: number): Promise<number> {
    return this.database.prisma.assignment.count({ where: { runId: run, state: { not: 'left' } } });
  }
}
