import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ROOT_CONTEXT, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { type Clock } from '../app/surroundings.js';
import { type RoundEvent } from '../rounds/round-event.js';
import { type TraceSink } from './trace-sink.js';

/** Attempts whose trace is open: a run that broke leaves some behind. */
const openMax = 1_000;

interface OpenTrace {
  root: Span;
  /** end of the stage before */
  markMs: number;
  accepted: number;
}

/** One trace a round: the attempt, and under it select, collect, aggregate, commit and broadcast. Ids of runs and counts, no device. */
@Injectable()
export class RoundTraces implements OnApplicationShutdown {
  private readonly open = new Map<string, OpenTrace>();

  /** @param sink null: nothing is traced */
  constructor(private readonly sink: TraceSink | null, private readonly clock: Clock) {}

  hear(event: RoundEvent): void {
    if (this.sink === null) return;
    switch (event.type) {
      case 'opened': return this.begin(event);
      case 'answered': {
        const open = this.open.get(keyOf(event));
        if (open !== undefined && event.declined === null) open.accepted += 1;
        return;
      }
      case 'collected':
        this.stage('collect', event, { 'seedfleet.reports': event.reports });
        return;
      case 'aggregated':
        this.stage('aggregate', event);
        return;
      case 'committed':
        this.stage('commit', event, { 'seedfleet.commit.bytes': event.bytes });
        return;
      case 'broadcast':
        this.stage('broadcast', event);
        return this.end(event, { outcome: 'committed' });
      case 'abandoned':
        this.stage('collect', event);
        return this.end(event, { outcome: 'abandoned', cause: event.cause });
      case 'evaluated':
      case 'report':
      case 'broken':
      case 'taken-up':
        return;
    }
  }

  /** Sends what is held. A collector that is away costs its time-out, never the shutdown. */
  async onApplicationShutdown(): Promise<void> {
    await this.sink?.close().catch(() => {});
  }

  private begin(event: Extract<RoundEvent, { type: 'opened' }>): void {
    const { run, round, attempt, selected, beganAtMs } = event;
    const attributes = { 'seedfleet.run': run, 'seedfleet.round': round, 'seedfleet.attempt': attempt, 'seedfleet.devices.selected': selected };
    const root = this.sink?.tracer.startSpan('seedfleet.round', { startTime: beganAtMs, attributes }, ROOT_CONTEXT);
    if (root === undefined) return;
    this.open.set(keyOf(event), { root, markMs: beganAtMs, accepted: 0 });
    this.stage('select', event);
    const [oldest] = this.open.keys();
    if (this.open.size > openMax && oldest !== undefined) this.open.delete(oldest);
  }

  private stage(name: string, attempt: OfAttempt, attributes: Record<string, number> = {}): void {
    const open = this.open.get(keyOf(attempt));
    if (open === undefined) return;
    const nowMs = this.clock.nowMs();
    this.sink?.tracer.startSpan(`seedfleet.round.${name}`, { startTime: open.markMs, attributes }, trace.setSpan(ROOT_CONTEXT, open.root)).end(nowMs);
    open.markMs = nowMs;
  }

  private end(attempt: OfAttempt, { outcome, cause }: { outcome: string; cause?: string }): void {
    const open = this.open.get(keyOf(attempt));
    if (open === undefined) return;
    this.open.delete(keyOf(attempt));
    open.root.setAttributes({ 'seedfleet.round.outcome': outcome, 'seedfleet.devices.accepted': open.accepted });
    if (cause !== undefined) open.root.setStatus({ code: SpanStatusCode.ERROR, message: cause });
    open.root.end(open.markMs);
  }
}

interface OfAttempt { run: number; round: number; attempt: number }

const keyOf = ({ run, round, attempt }: OfAttempt) => `${run}/${round}/${attempt}`;
