import { Injectable } from '@nestjs/common';
import { refusalSchema } from '@seedfleet/protocol';
import { z } from 'zod';
import { Logger } from '../app/logger.js';
import { Replica } from './replica.js';

const run = z.int();
const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** What replicas tell each other. Lost news cost time, nothing else: whatever they say stands in the database. */
const newsSchema = z.discriminatedUnion('type', [
  /** durable, and the next of its run */
  z.object({ type: z.literal('commit'), run, round: z.int(), commit: bytes }),
  /** an attempt or an evaluation is open: devices want to be asked */
  z.object({ type: z.literal('opened'), run }),
  z.object({ type: z.literal('ended'), run, state: z.enum(['completed', 'failed', 'cancelled']), cause: z.string() }),
  /** the run has devices that nobody has offered it to */
  z.object({ type: z.literal('offered'), run }),
  /** there are inputs for its conductor */
  z.object({ type: z.literal('inputs'), run }),
  /** these devices have reports in the database */
  z.object({ type: z.literal('reports'), run, round: z.int(), attempt: z.int(), devices: z.array(z.string()) }),
  /** another replica leads it from now on: its conductor knows no device yet */
  z.object({ type: z.literal('led'), run }),
  /** a lease is free, or a run wants to be led */
  z.object({ type: z.literal('free') }),
  z.object({ type: z.literal('connected'), device: z.string() }),
  /** it may no longer be connected as it is */
  z.object({ type: z.literal('turned-away'), device: z.string(), refusal: refusalSchema }),
  /** an operator's question to a device that is connected at another replica, and what it answered */
  z.object({ type: z.literal('asked'), ticket: z.string(), device: z.string(), event: z.string(), message: z.unknown(), waitMs: z.number() }),
  z.object({ type: z.literal('answered'), ticket: z.string(), answer: z.unknown() }),
]);
export type News = z.infer<typeof newsSchema>;
type NewsOf<T extends News['type']> = Extract<News, { type: T }>;

/** A namespace of socket.io whose adapter reaches the other replicas. */
export interface NewsCarrier {
  serverSideEmit(event: string, news: unknown): unknown;
  on(event: string, hear: (news: unknown) => void): unknown;
}

const eventName = 'replica:news';

/** News to and from the other replicas, by the adapter of the devices' namespace. Where this one is alone nobody is told. */
@Injectable()
export class ReplicaNews {
  private readonly hearers = new Map<News['type'], ((news: never) => void)[]>();
  private carrier: NewsCarrier | undefined;

  constructor(private readonly replica: Replica, private readonly logger: Logger) {}

  attach(carrier: NewsCarrier): void {
    if (this.replica.isAlone) return;
    this.carrier = carrier;
    carrier.on(eventName, (news) => this.hear(news));
  }

  tell(news: News): void {
    this.carrier?.serverSideEmit(eventName, news);
  }

  on<T extends News['type']>(type: T, hear: (news: NewsOf<T>) => void): void {
    this.hearers.set(type, [...this.hearers.get(type) ?? [], hear as (news: never) => void]);
  }

  private hear(value: unknown): void {
    const parsed = newsSchema.safeParse(value);
    // A replica of another version, in the middle of an upgrade.
    if (!parsed.success) return this.logger.warning('replica.news-unknown');
    for (const hear of this.hearers.get(parsed.data.type) ?? []) hear(parsed.data as never);
  }
}
