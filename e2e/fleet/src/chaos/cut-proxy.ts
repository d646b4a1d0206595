import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A network between devices and a coordinator that can be cut: a TCP proxy on the loopback. */
export class CutProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private state: 'open' | 'cut' | 'silent' = 'open';

  private constructor(private readonly server: Server, private readonly target: number) {
    server.on('connection', (near) => this.join(near));
  }

  /** @param target port of the coordinator */
  static async listen(target: number): Promise<CutProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CutProxy(server, target);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Every connection breaks, and no other comes through until `heal`. */
  cut(): void {
    this.state = 'cut';
    this.breakAll();
  }

  /** Nothing is delivered either way, and nobody is told: what was sent meanwhile arrives at `heal`. */
  silence(): void {
    this.state = 'silent';
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  heal(): void {
    this.state = 'open';
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    this.breakAll();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(near: Socket): void {
    if (this.state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect(this.target, '127.0.0.1');
    const pair = [near, far] as const;
    this.pairs.add(pair);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => { /* its close follows */ });
      from.on('close', () => {
        this.pairs.delete(pair);
        to.destroy();
      });
      if (this.state === 'silent') from.pause();
    }
  }

  private breakAll(): void {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
  }
}
