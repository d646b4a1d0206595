import { type INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { packetParser } from '@seedfleet/protocol';
import { type Server, type ServerOptions } from 'socket.io';
import { serverLimits } from '../app/limits.js';

/** socket.io with the packets of the protocol: a third of the bytes of its own. Websockets only, uncompressed: packets are small. */
export class DeviceIoAdapter extends IoAdapter {
  /** @param adapter reaches the sockets of other replicas; undefined where there are none */
  constructor(app: INestApplicationContext, private readonly adapter: ServerOptions['adapter'] | undefined) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    return super.createIOServer(port, {
      ...options, ...(this.adapter === undefined ? {} : { adapter: this.adapter }), parser: packetParser, transports: ['websocket'], perMessageDeflate: false, serveClient: false,
      maxHttpBufferSize: serverLimits.frameBytesMax, connectTimeout: serverLimits.handshakeTimeoutMs,
      pingInterval: serverLimits.pingIntervalMs, pingTimeout: serverLimits.pingTimeoutMs,
    } as ServerOptions) as Server;
  }
}
