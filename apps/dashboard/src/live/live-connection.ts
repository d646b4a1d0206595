import { packetParser, type FleetChange, type LiveEventMap } from '@seedfleet/protocol';
import { io, type Socket } from 'socket.io-client';

/** How the console hears of changes: told by the coordinator, or not told since then. */
export type LiveState = { isUp: true } | { isUp: false; sinceMs: number | null };

/** Between two tries where the coordinator ended the connection or refused it: socket.io makes none by itself then. */
const againAfterMs = 2_000;

/** The connection that the coordinator tells of changes through: one for each session of the console. */
export class LiveConnection {
  state: LiveState = { isUp: false, sinceMs: null };
  private readonly listeners = new Set<() => void>();
  private socket: Socket<LiveEventMap, Record<string, never>> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param on.changes what changed; null: anything, as nothing was heard for a while */
  open(token: string, on: { changes: (changes: FleetChange[] | null) => void }): void {
    const socket: Socket<LiveEventMap, Record<string, never>> = io(`${location.origin}/admin`, { parser: packetParser, transports: ['websocket'], auth: { token }, forceNew: true, reconnectionDelayMax: 10_000 });
    this.socket = socket;
    const again = () => {
      if (!socket.active && this.socket === socket) this.timer = setTimeout(() => socket.connect(), againAfterMs);
    };
    socket.on('connect', () => {
      this.become({ isUp: true });
      on.changes(null);
    });
    socket.on('fleet:changed', ({ changes }) => on.changes(changes));
    socket.on('disconnect', () => {
      this.become({ isUp: false, sinceMs: Date.now() });
      on.changes(null);
      again();
    });
    socket.on('connect_error', again);
  }

  close(): void {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.disconnect();
    this.become({ isUp: false, sinceMs: null });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => { this.listeners.delete(listener); };
  };

  private become(state: LiveState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

/** The one of this console. */
export const liveConnection = new LiveConnection();

/** How often everything that a page shows is asked for, in milliseconds: seldom while changes are told. */
export const pollMs = (): number => (liveConnection.state.isUp ? 10_000 : 2_000);
