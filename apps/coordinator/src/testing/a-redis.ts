import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const program = '/usr/bin/redis-server';

/** A Redis of Debian on a free port, for one spec; it keeps nothing. */
export interface RedisUnderTest {
  url: string;
  close(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1');
  return once(socket, 'connect').then(() => true, () => false).finally(() => socket.destroy());
}

export async function aRedis(): Promise<RedisUnderTest> {
  if (!existsSync(program)) throw new Error('This spec needs Redis: apt-get install -y redis-server');
  const port = await freePort();
  const server = spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore', cwd: tmpdir() });
  const ended = once(server, 'exit');
  while (!await answers(port)) {
    if (server.exitCode !== null) throw new Error('Redis ended at its start');
    await sleep(20);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      server.kill('SIGKILL');
      await ended;
    },
  };
}
