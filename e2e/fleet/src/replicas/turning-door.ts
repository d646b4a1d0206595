import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A load balancer that remembers nobody: each websocket goes to the replica with the fewest, requests in turn; to the next if one does not accept it. */
export class TurningDoor {
  private ports: number[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly websockets = new Map<number, number>();
  private turn = 0;

  private constructor(private readonly server: Server) {
    server.on('connection', (near) => {
      near.on('error', () => { /* its close follows */ });
      near.once('data', (first) => {
        near.pause();
        const isWebsocket = first.includes('/socket.io/');
        this.join({ near, first, isWebsocket }, isWebsocket ? this.byWebsockets() : this.inTurn());
      });
    });
  }

  static async listen(): Promise<TurningDoor> {
    const server = createServer().listen(0, '127.0.0.1');
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

  private byWebsockets(): number[] {
    return [...this.ports].sort((left, right) => this.countOf(left) - this.countOf(right));
  }

  private inTurn(): number[] {
    const at = this.turn++ % Math.max(1, this.ports.length);
    return [...this.ports.slice(at), ...this.ports.slice(0, at)];
  }

  private countOf(port: number): number {
    return this.websockets.get(port) ?? 0;
  }

  private join(guest: { near: Socket; first: Buffer; isWebsocket: boolean }, [port, ...others]: readonly number[]): void {
    const { near, first, isWebsocket } = guest;
    if (port === undefined) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    const weight = isWebsocket ? 1 : 0;
    this.websockets.set(port, this.countOf(port) + weight);
    far.once('close', () => this.websockets.set(port, this.countOf(port) - weight));
    const refused = () => this.join(guest, others);
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
      far.write(first);
      near.resume();
    });
  }
}
