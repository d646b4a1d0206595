import { type Socket as TcpSocket } from 'node:net';
import { type Manager } from 'socket.io-client';

export interface SocketBytes { down: number; up: number }

/**
 * Counts what crosses the TCP socket under the websocket of engine.io: upgrade request, frames, pings, everything; summed over
 * reconnections. It reaches into fields that engine.io-client does not document, because nothing above the socket sees the framing.
 */
export function createByteMeter(): { attach(manager: Manager): void; total(): SocketBytes } {
  const ended: SocketBytes = { down: 0, up: 0 };
  let current: TcpSocket | null = null;

  function settle(): void {
    if (current === null) return;
    ended.down += current.bytesRead;
    ended.up += current.bytesWritten;
    current = null;
  }

  return {
    /** Call on every `open` of the manager. */
    attach(manager) {
      const tcp = tcpSocketOf(manager);
      if (tcp === null || tcp === current) return;
      settle();
      current = tcp;
      tcp.once('close', () => { if (current === tcp) settle(); });
    },
    total: () => ({ down: ended.down + (current?.bytesRead ?? 0), up: ended.up + (current?.bytesWritten ?? 0) }),
  };
}

function tcpSocketOf(manager: Manager): TcpSocket | null {
  const transport: unknown = manager.engine.transport;
  const websocket = fieldOf(transport, 'ws');
  const tcp = fieldOf(websocket, '_socket');
  return isTcpSocket(tcp) ? tcp : null;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function isTcpSocket(value: unknown): value is TcpSocket {
  return typeof fieldOf(value, 'bytesRead') === 'number' && typeof fieldOf(value, 'bytesWritten') === 'number';
}
