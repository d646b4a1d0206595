import { FleetError, toRefusal } from '@seedfleet/errors';
import { packetParser, parseAck, parseMessage, refusalSchema, type AckOf, type EventsFrom, type MessageOf } from '@seedfleet/protocol';
import { type Logger } from 'pino';
import { Manager, type ManagerOptions, type Socket } from 'socket.io-client';
import { type Surroundings } from '../surroundings.js';
import { type Credentials } from './credential.js';
import { reconnectDelayMs } from './reconnect-delay.js';
import { createByteMeter, type SocketBytes } from './socket-bytes.js';
import { toFleetError } from './wire-refusal.js';

type CoordinatorEvent = EventsFrom<'coordinator'>;
type SentEvent = EventsFrom<'device'>;

/** What the owner of a session does with what it hears. A returned object is the ack; a thrown FleetError the refusal. */
export interface SessionOwner {
  /** The first message of every connection, made anew each time. */
  hello(): MessageOf<'session:hello'>;
  /** The coordinator took the hello: from here on `send` works. */
  welcomed(ack: AckOf<'session:hello'>): void;
  /** The connection is gone; the session comes back by itself. */
  lost(): void;
  /** Refused for good: no further try is made. */
  refused(error: FleetError): void;
  handlers: { [E in Exclude<CoordinatorEvent, 'session:refused'>]: (message: MessageOf<E>) => AckOf<E> | Promise<AckOf<E>> | void };
}

export interface Session {
  /** Sends an event and waits for its ack. @throws FleetError the refusal, or `coordinator.unreachable` without a connection or answer in time */
  send<E extends SentEvent>(event: E, message: MessageOf<E>): Promise<AckOf<E>>;
  isConnected(): boolean;
  bytes(): SocketBytes;
  /** Says hello again on the connection that there is. @throws FleetError as `send` does */
  greetAgain(): Promise<AckOf<'session:hello'>>;
  /** Lets the connection and the credential go and makes both anew, at once. */
  renew(): void;
  close(): void;
}

const ackTimeoutMs = 20_000;

/** Connects to namespace /device and stays connected until closed or refused for good. */
export function openSession({ url, credentials, owner, surroundings, logger }:
{ url: string; credentials: Credentials; owner: SessionOwner; surroundings: Surroundings; logger: Logger }): Session {
  const options: Partial<ManagerOptions> = { transports: ['websocket'], parser: packetParser, autoConnect: false, reconnection: false, forceNew: true };
  // The types know only a threshold; false is what keeps the extension out of the handshake. Packets are too small to compress.
  Reflect.set(options, 'perMessageDeflate', false);
  const manager = new Manager(url, options);
  const socket: Socket = manager.socket('/device');
  const meter = createByteMeter();
  let isClosed = false;
  let isWelcome = false;
  let attempt = 0;
  let cancelRetry = (): void => undefined;

  function end(error: FleetError): void {
    if (isClosed) return;
    close();
    owner.refused(error);
  }

  function close(): void {
    isClosed = true;
    isWelcome = false;
    cancelRetry();
    socket.disconnect();
  }

  function failed(error: FleetError): void {
    if (isClosed) return;
    if (error.code.startsWith('credential.')) credentials.forget();
    if (!error.retryable) return end(error);
    const delayMs = reconnectDelayMs({ attempt, luck: surroundings.luck() });
    logger[attempt === 0 ? 'warn' : 'debug']({ code: error.code, fix: error.fix, retryInMs: delayMs }, error.problem);
    attempt++;
    retryAfter(delayMs);
  }

  function retryAfter(delayMs: number): void {
    cancelRetry();
    cancelRetry = surroundings.after(delayMs, () => void connect());
  }

  async function connect(): Promise<void> {
    try {
      const credential = await credentials.current();
      if (isClosed) return;
      socket.auth = { credential };
      socket.connect();
    } catch (error) {
      failed(asFleetError(error));
    }
  }

  async function request<E extends SentEvent>(event: E, message: MessageOf<E>): Promise<AckOf<E>> {
    let value: unknown;
    try {
      value = await socket.timeout(ackTimeoutMs).emitWithAck(event, message);
    } catch (cause) {
      throw new FleetError('coordinator.unreachable', { problem: `No answer to ${event} in time, or the connection was lost.`, cause });
    }
    const answer = parseAck(event, value);
    if (answer.ok === true) return answer;
    throw toFleetError(answer.error);
  }

  async function greet(): Promise<void> {
    try {
      const ack = await request('session:hello', owner.hello());
      if (ack.comeBackMs !== undefined) {
        socket.disconnect();
        return retryAfter(ack.comeBackMs);
      }
      attempt = 0;
      isWelcome = true;
      owner.welcomed(ack);
    } catch (error) {
      socket.disconnect();
      failed(asFleetError(error));
    }
  }

  manager.on('open', () => meter.attach(manager));
  socket.on('connect', () => void greet());
  socket.on('connect_error', (error) => failed(connectionError(error, url)));
  socket.on('disconnect', (reason) => {
    if (isWelcome) owner.lost();
    isWelcome = false;
    // `io client disconnect` is our own doing: whoever disconnected has decided what comes next.
    if (!isClosed && reason !== 'io client disconnect') failed(new FleetError('coordinator.unreachable', { problem: `The connection ended (${reason}).` }));
  });
  socket.on('session:refused', (value: unknown) => {
    const refusal = refusalSchema.safeParse(fieldOf(value, 'error'));
    if (!refusal.success) return logger.warn('the coordinator refused something in words that cannot be read');
    const error = toFleetError(refusal.data);
    logger.warn({ code: error.code, fix: error.fix }, error.problem);
    if (endsSession(error)) end(error);
  });
  socket.on('packet:invalid', (value: unknown, answer?: (reply: unknown) => void) => {
    const error: unknown = fieldOf(value, 'error');
    logger.warn({ code: fieldOf(error, 'code') }, 'the coordinator sent a packet that cannot be read');
    answer?.({ ok: false, error });
  });
  for (const event of listenedEvents) listen(event);

  function listen<E extends (typeof listenedEvents)[number]>(event: E): void {
    const handler: (message: MessageOf<E>) => unknown = owner.handlers[event];
    socket.on(event as string, (value: unknown, answer?: (reply: unknown) => void) => {
      const work = async (): Promise<unknown> => handler(parseMessage(event, value));
      work().then(
        (ack) => answer?.({ ok: true, ...(typeof ack === 'object' ? ack : {}) }),
        (error: unknown) => {
          const refusal = toRefusal(error);
          logger.warn({ event, code: refusal.code, ...(error instanceof FleetError ? {} : { error: String(error) }) }, refusal.problem);
          answer?.({ ok: false, error: refusal });
        });
    });
  }

  void connect();
  return {
    send: (event, message) => isWelcome ? request(event, message)
      : Promise.reject(new FleetError('coordinator.unreachable', { problem: `There is no connection to send ${event}.` })),
    isConnected: () => isWelcome,
    bytes: () => meter.total(),
    greetAgain: () => isWelcome ? request('session:hello', owner.hello())
      : Promise.reject(new FleetError('coordinator.unreachable', { problem: 'There is no connection to say hello on.' })),
    renew: () => {
      if (isClosed) return;
      credentials.forget();
      cancelRetry();
      socket.disconnect();
      void connect();
    },
    close,
  };
}

const listenedEvents = ['run:assigned', 'round:start', 'round:commit', 'evaluation:start', 'run:ended', 'device:ping', 'device:resync', 'device:doctor', 'device:log', 'device:rotate-key'] as const satisfies readonly CoordinatorEvent[];

/** Refusals after which the coordinator has nothing more to say to this device; others are about one message. */
function endsSession(error: FleetError): boolean {
  return !error.retryable && (error.code.startsWith('device.') || error.code.startsWith('protocol.'));
}

function connectionError(error: unknown, url: string): FleetError {
  const refusal = refusalSchema.safeParse(fieldOf(error, 'data'));
  if (refusal.success) return toFleetError(refusal.data);
  return new FleetError('coordinator.unreachable', { field: 'url', problem: `${url} does not accept the connection (${error instanceof Error ? error.message : 'unknown reason'}).` });
}

function asFleetError(error: unknown): FleetError {
  return error instanceof FleetError ? error : new FleetError('coordinator.unreachable', { problem: 'The connection could not be made.', cause: error });
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
