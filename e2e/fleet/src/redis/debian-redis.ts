import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createConnection } from 'node:net';
import { freePort, waitUntil } from '@seedfleet/example-sentiment';

const startTimeoutMs = 10_000;

const living = new Set<ChildProcess>();
process.on('exit', () => { for (const server of living) server.kill('SIGKILL'); });

/** A Redis of Debian on a free port that keeps nothing on a disk, and can be killed and started again: then it knows nothing. */
export class DebianRedis {
  readonly url: string;
  private server: ChildProcess | null = null;

  private constructor(private readonly port: number) {
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(): Promise<DebianRedis> {
    const redis = new DebianRedis(await freePort());
    await redis.restart();
    return redis;
  }

  async restart(): Promise<void> {
    const server = spawn('/usr/bin/redis-server', ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore', cwd: tmpdir() });
    living.add(server.once('exit', () => living.delete(server)));
    this.server = server;
    await waitUntil({ what: 'Redis to answer', timeoutMs: startTimeoutMs, everyMs: 20 }, () => this.answers());
  }

  async kill(): Promise<void> {
    const { server } = this;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = createConnection(this.port, '127.0.0.1', () => socket.write('PING\r\n'));
      socket.once('data', (answer) => {
        resolve(answer.toString().startsWith('+PONG'));
        socket.destroy();
      });
      socket.once('error', () => resolve(false));
    });
  }
}
