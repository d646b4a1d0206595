import { Injectable } from '@nestjs/common';
import { type Health } from '@seedfleet/protocol';
import { Database } from '../database/database.js';

/** Whether the coordinator can serve: its database answers, its runs are taken up, it is not stopping. */
@Injectable()
export class Readiness {
  private serving = false;

  constructor(private readonly database: Database) {}

  open(): void {
    this.serving = true;
  }

  /** The load balancer looks elsewhere from now on. */
  shut(): void {
    this.serving = false;
  }

  async look(): Promise<Health> {
    const database = await this.database.requireReady().then(() => 'ok' as const, () => 'failing' as const);
    const runs = this.serving ? 'ok' as const : 'failing' as const;
    return { status: database === 'ok' && runs === 'ok' ? 'ok' : 'failing', parts: { database, runs } };
  }
}
