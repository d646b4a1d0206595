import { Redis, type RedisOptions } from 'ioredis';

/** What is published waits no longer than this for Redis: the database says the same a little later. */
const publishTimeoutMs = 1_000;
const reconnectMaxMs = 2_000;
const readPauseMs = 200;

const backOff = (tries: number) => Math.min(50 * 2 ** Math.min(tries, 10), reconnectMaxMs);

/** Reads wait for Redis for as long as it is away: the adapter asks again at once when one fails, and would do nothing else. */
const reading: RedisOptions = { maxRetriesPerRequest: null, enableOfflineQueue: true, retryStrategy: backOff };
/** Writes fail at once while it is away. */
const writing: RedisOptions = { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: publishTimeoutMs, connectTimeout: publishTimeoutMs, retryStrategy: backOff };

/**
 * The connections to Redis of one replica. Redis only brings news sooner: whatever it loses is found in the database, so that no failure of it
 * is one of ours. Shaped as the socket.io adapter wants its client.
 */
export class RedisLink {
  private readonly writer: Redis;
  private readonly readers: Redis[] = [];
  private isClosed = false;

  /** @param url redis(s)://... */
  constructor(private readonly url: string) {
    this.writer = new Redis(url, writing);
    // Said by `isUp`; ioredis goes on trying by itself.
    this.writer.on('error', () => undefined);
  }

  get isUp(): boolean {
    return this.writer.status === 'ready';
  }

  /** Resolves when it is connected, or after the time-out: a start does not wait for Redis any longer. */
  async settle(timeoutMs: number): Promise<void> {
    if (this.isUp) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.writer.once('ready', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** For the adapter: what its client can do. */
  readonly options = { lazyConnect: false };

  duplicate(): Redis {
    const reader = new Redis(this.url, reading);
    reader.on('error', () => undefined);
    this.readers.push(reader);
    return Object.assign(reader, { xread: (...args: string[]) => this.read(reader, args) });
  }

  /** The adapter reads on and on, at once after a failure too, which would leave no time for anything else: here a failure takes a while, and after the end for ever. */
  private async read(reader: Redis, args: string[]): Promise<unknown> {
    try {
      return await reader.call('XREAD', ...args);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, readPauseMs).unref());
      return this.isClosed ? new Promise(() => undefined) : null;
    }
  }

  async publish(channel: string, payload: Buffer): Promise<number> {
    return this.writer.publish(channel, payload).catch(() => 0);
  }

  xadd(args: (string | number | Buffer)[]): Promise<unknown> {
    const [key, ...rest] = args;
    return this.writer.call('XADD', key as string, ...rest as string[]);
  }

  /** Replies are (name, value) pairs: PUBSUB NUMSUB. */
  send_command(name: string, args: string[], answer: (error: Error | null, reply?: unknown) => void): void {
    this.writer.call(name, ...args).then((reply: unknown) => answer(null, reply), (error: Error) => answer(error));
  }

  close(): void {
    this.isClosed = true;
    for (const client of [this.writer, ...this.readers]) client.disconnect();
  }
}
