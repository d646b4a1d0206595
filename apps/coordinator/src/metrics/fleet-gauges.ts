import { Injectable } from '@nestjs/common';
import { deviceTransitions, runTransitions } from '@seedfleet/rounds';
import { Gauge } from 'prom-client';
import { Database } from '../database/database.js';
import { FleetCountsRepository, type FleetCounts } from './fleet-counts.repository.js';
import { MetricRegistry } from './metric-registry.js';

/** Runs that have gauges of their own: a bound on series, whatever the fleet does. */
export const gaugedRunsMax = 50;

/** What the database says at the moment of a scrape. Without an answer these gauges have no values, and `seedfleet_database_up` is 0. */
@Injectable()
export class FleetGauges {
  private readonly up: Gauge;
  private readonly devices: Gauge<'state'>;
  private readonly runs: Gauge<'state'>;
  private readonly round: Gauge<'run'>;
  private readonly progress: Gauge<'run'>;
  private readonly loss: Gauge<'run'>;
  private readonly accuracy: Gauge<'run'>;

  constructor({ registry }: MetricRegistry, private readonly counts: FleetCountsRepository, database: Database) {
    const registers = [registry];
    this.up = new Gauge({ name: 'seedfleet_database_up', help: '1 if the database answered this scrape.', registers });
    this.devices = new Gauge({ name: 'seedfleet_devices', help: 'Enrolled devices by state.', labelNames: ['state'], registers });
    this.runs = new Gauge({ name: 'seedfleet_runs', help: 'Runs by state.', labelNames: ['state'], registers });
    const ofRun = (name: string, help: string) => new Gauge({ name, help: `${help} Of running runs, ${gaugedRunsMax} at most.`, labelNames: ['run'] as const, registers });
    this.round = ofRun('seedfleet_run_round', 'Commits so far.');
    this.progress = ofRun('seedfleet_run_last_progress_timestamp_seconds', 'When the last commit became durable, or the run was started.');
    this.loss = ofRun('seedfleet_run_evaluation_loss', 'Mean loss of the last evaluation.');
    this.accuracy = ofRun('seedfleet_run_evaluation_accuracy_ratio', 'Share of examples that the last evaluation got right.');
    new Gauge({
      name: 'seedfleet_database_pool_connections', help: 'Connections of the pool by what they do.', labelNames: ['state'], registers,
      collect() {
        this.set({ state: 'idle' }, database.pool.idleCount);
        this.set({ state: 'busy' }, database.pool.totalCount - database.pool.idleCount);
      },
    });
    new Gauge({
      name: 'seedfleet_database_pool_waiting', help: 'Queries that wait for a connection of the pool.', registers,
      collect() { this.set(database.pool.waitingCount); },
    });
  }

  /** Before each scrape. */
  async read(): Promise<void> {
    for (const gauge of [this.devices, this.runs, this.round, this.progress, this.loss, this.accuracy]) gauge.reset();
    let counts: FleetCounts;
    try {
      counts = await this.counts.count({ runsMax: gaugedRunsMax });
    } catch {
      // Said by the metric itself: a scrape tells that the database is away, it does not fail with it.
      this.up.set(0);
      return;
    }
    this.up.set(1);
    for (const state of Object.keys(deviceTransitions)) this.devices.set({ state }, 0);
    for (const state of Object.keys(runTransitions)) this.runs.set({ state }, 0);
    for (const { state, count } of counts.devices) this.devices.set({ state }, count);
    for (const { state, count } of counts.runs) this.runs.set({ state }, count);
    for (const { run, round, progressedAt, evaluation } of counts.running) {
      const label = { run: String(run) };
      this.round.set(label, round);
      if (progressedAt !== null) this.progress.set(label, progressedAt.getTime() / 1_000);
      if (evaluation === null) continue;
      this.loss.set(label, evaluation.loss);
      this.accuracy.set(label, evaluation.accuracy);
    }
  }
}
