import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { percentile } from '../figures/figures-file.js';

/** Bytes of a report of eight queries and of its acknowledgement, frames of the protocol without the websocket's header. */
const reportBytes = 84;
const ackBytes = 8;
const openAtATime = 256;

/** The limit beside reports: as many connections over bare `ws`, each sending its next report when the last was answered. Both ends are this process, nothing is saved. */
export async function bareWebsocket({ connections, seconds }: { connections: number; seconds: number }): Promise<{ perSecond: number; p99Ms: number | null }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  const ack = new Uint8Array(ackBytes);
  server.on('connection', (socket) => socket.on('message', () => socket.send(ack)));
  const { port } = server.address() as AddressInfo;
  const sockets: WebSocket[] = [];
  try {
    while (sockets.length < connections) {
      const more = Array.from({ length: Math.min(openAtATime, connections - sockets.length) }, () => new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false }));
      await Promise.all(more.map((socket) => once(socket, 'open')));
      sockets.push(...more);
    }
    const report = new Uint8Array(reportBytes);
    const answeredMs: number[] = [];
    let isOver = false;
    for (const socket of sockets) {
      let sentAt = performance.now();
      socket.on('message', () => {
        answeredMs.push(performance.now() - sentAt);
        if (isOver) return;
        sentAt = performance.now();
        socket.send(report);
      });
      socket.send(report);
    }
    await sleep(seconds * 1_000);
    isOver = true;
    return { perSecond: answeredMs.length / seconds, p99Ms: percentile(answeredMs, 0.99) };
  } finally {
    for (const socket of sockets) socket.terminate();
    server.close();
  }
}
