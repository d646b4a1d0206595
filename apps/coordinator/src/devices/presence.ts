import { Injectable } from '@nestjs/common';
import { type CoordinatorEventMap, type DeviceEventMap } from '@seedfleet/protocol';
import { type DefaultEventsMap, type Server, type Socket } from 'socket.io';

/** What was known of a device when it was let in: who spoke with its key before, and since when it has that key. */
export interface KnownBefore { instance: string | null; clonedAt: Date | null; keySince: Date }

/** What the handshake and the hello learned about a connection. */
export interface DeviceSession {
  device: string;
  name: string;
  /** false until session:hello was answered */
  greeted: boolean;
  before: KnownBefore;
  /** it is told at its hello to come back after this, and is not connected in any other sense */
  comeBackMs: number | null;
  /** the connection as it is kept; resolves to null if it is not */
  kept?: Promise<string | null>;
}

export type DeviceSocket = Socket<DeviceEventMap, CoordinatorEventMap, DefaultEventsMap, DeviceSession>;
export type DeviceServer = Server<DeviceEventMap, CoordinatorEventMap, DefaultEventsMap, DeviceSession>;

/** Which devices have an authenticated socket open here. One each: a new connection ends the one before. */
@Injectable()
export class Presence {
  private readonly sockets = new Map<string, DeviceSocket>();

  /** @returns the connection that this one replaces */
  arrive(socket: DeviceSocket): DeviceSocket | undefined {
    const previous = this.sockets.get(socket.data.device);
    this.sockets.set(socket.data.device, socket);
    return previous;
  }

  /** @returns false if another connection had replaced this one */
  leave(socket: DeviceSocket): boolean {
    if (this.sockets.get(socket.data.device) !== socket) return false;
    return this.sockets.delete(socket.data.device);
  }

  get size(): number {
    return this.sockets.size;
  }

  isOnline(device: string): boolean {
    return this.sockets.has(device);
  }

  /** The connection of a device, whether it has said hello or not. */
  find(device: string): DeviceSocket | undefined {
    return this.sockets.get(device);
  }

  /** The connection of a device that has said hello. */
  socketOf(device: string): DeviceSocket | undefined {
    const socket = this.sockets.get(device);
    return socket?.data.greeted === true ? socket : undefined;
  }

  all(): IterableIterator<DeviceSocket> {
    return this.sockets.values();
  }
}
