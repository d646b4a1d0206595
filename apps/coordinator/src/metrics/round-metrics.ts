import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { Clock } from '../app/surroundings.js';
import { type RoundEvent } from '../rounds/round-event.js';
import { MetricRegistry } from './metric-registry.js';

/** Attempts of which the opening is remembered: those of runs that broke are never closed here. */
const openMax = 1_000;
/** Causes that a conductor abandons for. Whatever else it may say (a code of an error) is one more label value, not many. */
const abandonCauses: ReadonlySet<string> = new Set(['too-few-reports', 'too-few-devices', 'run-stopped']);
const roundSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];
const workSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface OpenAttempt {
  openedAtMs: number;
  /** end of the stage before */
  markMs: number;
}

/** Counts rounds and reports. */
@Injectable()
export class RoundMetrics {
  private readonly open = new Map<string, OpenAttempt>();
  private readonly rounds: Counter<'outcome' | 'cause'>;
  private readonly roundDuration: Histogram<'outcome'>;
  private readonly stages: Histogram<'stage'>;
  private readonly devices: Counter<'stage'>;
  private readonly reports: Counter<'outcome' | 'reason'>;
  private readonly ack: Histogram;
  private readonly logBytes: Counter;
  private readonly evaluations: Counter;
  private readonly broken: Counter;

  constructor({ registry }: MetricRegistry, private readonly clock: Clock) {
    const registers = [registry];
    this.rounds = new Counter({ name: 'seedfleet_rounds_total', help: 'Attempts at rounds that ended, committed or abandoned.', labelNames: ['outcome', 'cause'], registers });
    this.roundDuration = new Histogram({ name: 'seedfleet_round_duration_seconds', help: 'From opening an attempt to its durable end.', labelNames: ['outcome'], buckets: roundSeconds, registers });
    this.stages = new Histogram({ name: 'seedfleet_round_stage_seconds', help: 'Stages of committed rounds: collect, aggregate, commit (until durable), broadcast.', labelNames: ['stage'], buckets: [...workSeconds, 30, 60, 300, 1_800], registers });
    this.devices = new Counter({ name: 'seedfleet_round_devices_total', help: 'Devices of cohorts: selected, accepted, declined, counted in a commit.', labelNames: ['stage'], registers });
    this.reports = new Counter({ name: 'seedfleet_reports_total', help: 'Reports of devices that were answered.', labelNames: ['outcome', 'reason'], registers });
    this.ack = new Histogram({ name: 'seedfleet_report_ack_seconds', help: 'From a report to its answer; recorded ones are durable then.', buckets: workSeconds, registers });
    this.logBytes = new Counter({ name: 'seedfleet_log_bytes_total', help: 'Bytes of commits added to logs.', registers });
    this.evaluations = new Counter({ name: 'seedfleet_evaluations_total', help: 'Evaluations saved.', registers });
    this.broken = new Counter({ name: 'seedfleet_runs_broken_total', help: 'Runs built again from the database because an effect failed.', registers });
    // A series that appears only with its first event is no 0 to compare with.
    for (const cause of abandonCauses) this.rounds.inc({ outcome: 'abandoned', cause }, 0);
    this.rounds.inc({ outcome: 'committed', cause: '' }, 0);
    this.reports.inc({ outcome: 'recorded', reason: '' }, 0);
    // Watched by an alert, from before the first one.
    this.reports.inc({ outcome: 'refused', reason: 'report.stale-state' }, 0);
    for (const stage of ['selected', 'accepted', 'declined', 'counted']) this.devices.inc({ stage }, 0);
  }

  hear(event: RoundEvent): void {
    switch (event.type) {
      case 'opened': return this.opened(event);
      case 'answered': return this.devices.inc({ stage: event.declined === null ? 'accepted' : 'declined' });
      case 'collected':
        this.devices.inc({ stage: 'counted' }, event.reports);
        return this.passed('collect', event);
      case 'aggregated': return this.passed('aggregate', event);
      case 'committed':
        this.logBytes.inc(event.bytes);
        this.passed('commit', event);
        return this.ended('committed', event);
      case 'broadcast': return this.passed('broadcast', event);
      case 'abandoned': return this.ended('abandoned', event);
      case 'evaluated': return this.evaluations.inc();
      case 'report':
        this.ack.observe(event.seconds);
        return this.reports.inc({ outcome: event.refused === null ? 'recorded' : 'refused', reason: event.refused ?? '' });
      case 'broken': return this.broken.inc();
      case 'taken-up': return;
    }
  }

  private opened(event: Extract<RoundEvent, { type: 'opened' }>): void {
    this.devices.inc({ stage: 'selected' }, event.selected);
    this.open.set(keyOf(event), { openedAtMs: event.beganAtMs, markMs: this.clock.nowMs() });
    const [oldest] = this.open.keys();
    if (this.open.size > openMax && oldest !== undefined) this.open.delete(oldest);
  }

  /** Nothing is known of an attempt that another process opened, or this one before the run was built again. */
  private passed(stage: string, attempt: OfAttempt): void {
    const open = this.open.get(keyOf(attempt));
    if (open === undefined) return;
    const nowMs = this.clock.nowMs();
    this.stages.observe({ stage }, (nowMs - open.markMs) / 1_000);
    open.markMs = nowMs;
    if (stage === 'broadcast') this.open.delete(keyOf(attempt));
  }

  private ended(outcome: 'committed' | 'abandoned', event: OfAttempt & { cause?: string }): void {
    const { cause } = event;
    this.rounds.inc({ outcome, cause: cause === undefined ? '' : abandonCauses.has(cause) ? cause : 'other' });
    const open = this.open.get(keyOf(event));
    if (open === undefined) return;
    this.roundDuration.observe({ outcome }, (this.clock.nowMs() - open.openedAtMs) / 1_000);
    if (outcome === 'abandoned') this.open.delete(keyOf(event));
  }
}

interface OfAttempt { run: number; round: number; attempt: number }

const keyOf = ({ run, round, attempt }: OfAttempt) => `${run}/${round}/${attempt}`;
