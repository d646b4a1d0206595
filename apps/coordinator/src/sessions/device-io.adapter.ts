import { type INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { packetParser } from '@seedfleet/protocol';
import { type Server, type ServerOptions } from 'socket.io';
import { serverLimits } from '../app/limits.js';

/** socket.io with the packets of the protocol: a third of the bytes of its own. Websockets only, uncompressed: packets are small. */
export class DeviceIoAdapter extends IoAdapter {
  constructor(app: INestApplicationContext) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    return super.createIOServer(port, {
      ...options, parser: packetParser, transports: ['websocket'], perMessageDeflate: false, serveClient: false,
      maxHttpBufferSize: serverLimits.frameBytesMax, connectTimeout: serverLimits.handshakeTimeoutMs,
      pingInterval: serverLimits.pingIntervalMs, pingTimeout: serverLimits.pingTimeoutMs,
    } as ServerOptions) as Server;
  }
}
