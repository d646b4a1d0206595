import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A load balancer that remembers nobody: each connection goes to the replica with the fewest, or to the next if that does not accept it. */
export class TurningDoor {
  private ports: number[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly counts = new Map<number, number>();

  private constructor(private readonly server: Server) {
    server.on('connection', (near) => this.join(near, this.byConnections()));
  }

  static async listen(): Promise<TurningDoor> {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TurningDoor(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** New connections go to these. */
  lead(ports: readonly number[]): void {
    this.ports = [...ports];
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private byConnections(): number[] {
    return [...this.ports].sort((left, right) => this.countOf(left) - this.countOf(right));
  }

  private countOf(port: number): number {
    return this.counts.get(port) ?? 0;
  }

  private join(near: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    this.counts.set(port, this.countOf(port) + 1);
    far.once('close', () => this.counts.set(port, this.countOf(port) - 1));
    const refused = () => this.join(near, others);
    far.once('error', refused);
    far.once('connect', () => {
      far.off('error', refused);
      for (const [from, to] of [[near, far], [far, near]] as const) {
        this.sockets.add(from);
        from.on('error', () => { /* its close follows */ });
        from.on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
      near.resume();
    });
  }
}
