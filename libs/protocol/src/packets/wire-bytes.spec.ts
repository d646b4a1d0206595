import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, type Socket as TcpSocket } from 'node:net';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { packetParser } from './packet-parser.js';

interface Fleet {
  server: Server;
  http: HttpServer;
  device: Socket;
}

async function connect(options: { parser?: unknown; transport?: 'websocket' | 'polling'; namespace?: string }): Promise<Fleet> {
  const http = createServer();
  const parser = options.parser === undefined ? {} : { parser: options.parser };
  const server = new Server(http, { ...parser, perMessageDeflate: false });
  server.of('/device').on('connection', (socket) => {
    socket.on('round:report', (_report, answer) => answer({ ok: true, recorded: true }));
    socket.on('packet:invalid', (message, answer) => (answer === undefined ? socket.emit('session:refused', { error: message.error }) : answer({ ok: false, error: message.error })));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const device = io(`http://127.0.0.1:${port}${options.namespace ?? '/device'}`, { ...parser, transports: [options.transport ?? 'websocket'], reconnection: false, auth: { credential: 'abc' } });
  return { server, http, device };
}

async function close({ server, device }: Fleet): Promise<void> {
  device.close();
  await server.close();
}

const connected = (device: Socket) => new Promise<void>((resolve, reject) => {
  device.on('connect', resolve);
  device.on('connect_error', reject);
});

/** The TCP socket below the WebSocket of a client: what it counts is frames and packets, no TCP/IP headers. */
function tcpOf(device: Socket): TcpSocket {
  const { transport } = device.io.engine as unknown as { transport: { ws: { _socket: TcpSocket } } };
  return transport.ws._socket;
}

async function bytesOf(device: Socket, work: () => Promise<unknown>): Promise<{ down: number; up: number }> {
  const tcp = tcpOf(device);
  const before = { down: tcp.bytesRead, up: tcp.bytesWritten };
  await work();
  return { down: tcp.bytesRead - before.down, up: tcp.bytesWritten - before.up };
}

const start = (q: number) => ({ run: 1, round: 100, attempt: 0, group: 0, seeds: new BigUint64Array(q).fill(2n ** 63n), deadlineMs: 30_000 });
const report = (q: number) => ({ run: 1, round: 100, attempt: 0, stateHash: new Uint8Array(32).fill(200), examples: 16, differences: new Float32Array(q).fill(0.125) });

/** One round of one device; bytes as deterministic as the packets. */
async function roundBytes(parser: unknown, q: number) {
  const fleet = await connect({ parser });
  try {
    await connected(fleet.device);
    fleet.device.on('round:start', (_start, answer) => answer({ ok: true, accepted: true }));
    const commit = new Uint8Array(183 + 8 * q);
    const committed = new Promise((resolve) => fleet.device.on('round:commit', resolve));
    const offer = await bytesOf(fleet.device, () => fleet.server.of('/device').timeout(5_000).emitWithAck('round:start', start(q)));
    const answer = await bytesOf(fleet.device, () => fleet.device.emitWithAck('round:report', report(q)));
    const broadcast = await bytesOf(fleet.device, () => {
      fleet.server.of('/device').emit('round:commit', { run: 1, commit });
      return committed;
    });
    return { start: offer.down, startAck: offer.up, report: answer.up, reportAck: answer.down, commit: broadcast.down };
  } finally {
    await close(fleet);
  }
}

test.each([4, 8])('a round of q = %i stays within the bytes that docs/protocol.md promises', async (q) => {
  const bytes = await roundBytes(packetParser, q);
  expect(bytes).toEqual(q === 4
    ? { start: 48, startAck: 12, report: 67, reportAck: 6, commit: 227 }
    : { start: 80, startAck: 12, report: 83, reportAck: 6, commit: 259 });
  expect(bytes.start).toBeLessThanOrEqual(200);
  expect(bytes.report).toBeLessThanOrEqual(100);
  expect(bytes.commit).toBeLessThanOrEqual(300);
});

test.each(['websocket', 'polling'] as const)('typed objects and acks cross a real %s both ways', async (transport) => {
  const fleet = await connect({ parser: packetParser, transport });
  try {
    await connected(fleet.device);
    fleet.device.on('round:start', (message, answer) => answer(message.seeds[7] === 2n ** 63n ? { ok: true, accepted: false, reason: 'budget' } : { ok: true, accepted: true }));
    expect(await fleet.device.timeout(5_000).emitWithAck('round:report', report(8))).toEqual({ ok: true, recorded: true });
    expect(await fleet.server.of('/device').timeout(5_000).emitWithAck('round:start', start(8))).toEqual([{ ok: true, accepted: false, reason: 'budget' }]);
  } finally {
    await close(fleet);
  }
});

test('after garbage the device has a typed refusal and the same socket', async () => {
  const fleet = await connect({ parser: packetParser });
  try {
    await connected(fleet.device);
    for (const garbage of ['text', Uint8Array.of(1, 2, 3), new Uint8Array(70_000)]) {
      const refused = new Promise<{ error: { code: string } }>((resolve) => fleet.device.once('session:refused', resolve));
      fleet.device.io.engine.write(garbage as string);
      expect((await refused).error.code).toMatch(/^packet\.(malformed|too-large)$/);
    }
    expect(await fleet.device.timeout(5_000).emitWithAck('round:report', report(8))).toEqual({ ok: true, recorded: true });
  } finally {
    await close(fleet);
  }
});

test('an unknown namespace is refused as socket.io refuses it', async () => {
  const fleet = await connect({ parser: packetParser, namespace: '/other' });
  await expect(connected(fleet.device)).rejects.toThrow('Invalid namespace');
  await close(fleet);
});
