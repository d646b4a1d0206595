import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { protocolMismatch, protocolVersion, protocolVersionMin, type AckOf, type MessageOf } from '@seedfleet/protocol';
import { Logger } from '../app/logger.js';
import { serverLimits } from '../app/limits.js';
import { Clock, Luck } from '../app/surroundings.js';
import { ConnectionsService } from '../devices/connections.service.js';
import { DeviceAccess } from '../devices/device-access.js';
import { DeviceRepository } from '../devices/device.repository.js';
import { Presence, type DeviceSocket } from '../devices/presence.js';
import { ReplicaNews } from '../replicas/replica-news.js';
import { Replica } from '../replicas/replica.js';
import { AssignmentsService } from '../runs/assignments.service.js';
import { ComeBackWindows } from './come-back-windows.js';

/** Connections that a replica which stops ends at once, and how long it waits before the next: a thousand a second. */
const drainSlice = 100;
const drainPauseMs = 100;

/** A device's connection from handshake to end. Presence counts from the credential on, work from the hello on. */
@Injectable()
export class SessionsService {
  private readonly departures = new Set<Promise<void>>();
  private readonly windows = new ComeBackWindows({
    underWayMax: serverLimits.handshakesUnderWayMax, perSecond: serverLimits.handshakesPerSecond, burstMs: serverLimits.handshakeBurstMs, waitMaxMs: serverLimits.comeBackMsMax,
    bookedMax: serverLimits.comeBackDevicesMax, handshakeMaxMs: 2 * serverLimits.handshakeTimeoutMs,
  });

  constructor(
    private readonly access: DeviceAccess,
    private readonly devices: DeviceRepository,
    private readonly presence: Presence,
    private readonly connections: ConnectionsService,
    private readonly assignments: AssignmentsService,
    private readonly clock: Clock,
    private readonly luck: Luck,
    private readonly logger: Logger,
    private readonly replica: Replica,
    private readonly news: ReplicaNews,
  ) {
    // A device has one connection, wherever it is.
    news.on('connected', ({ device }) => void this.presence.find(device)?.disconnect(true));
  }

  /**
   * Lets a device in, or takes its connection only to tell it at its hello when to come back: that costs no statement.
   * @throws FleetError `credential.invalid`, `device.revoked`, `device.suspended`, `device.not-approved`
   */
  async admit(socket: DeviceSocket): Promise<void> {
    const auth: Record<string, unknown> = socket.handshake.auth;
    const bearer = await this.access.identify(auth['credential']);
    const { device } = bearer;
    const comeBackMs = this.windows.arrive({ device, connection: socket.id, nowMs: this.clock.nowMs(), luck: this.luck.uint32() });
    if (comeBackMs !== null) {
      Object.assign(socket.data, { device, name: device, greeted: false, comeBackMs });
      return;
    }
    try {
      const { name, instance, clonedAt, keySince, enrolledAt } = await this.access.welcome(bearer);
      Object.assign(socket.data, { device, name, greeted: false, comeBackMs, before: { instance, clonedAt, keySince: keySince ?? enrolledAt } });
    } catch (error) {
      this.handshakeEnded(socket);
      throw error;
    }
  }

  private handshakeEnded({ id }: DeviceSocket): void {
    this.windows.ended(id, this.clock.nowMs());
  }

  arrive(socket: DeviceSocket): void {
    if (socket.data.comeBackMs !== null) return this.seeOff(socket);
    const replaced = this.presence.arrive(socket);
    replaced?.disconnect(true);
    this.news.tell({ type: 'connected', device: socket.data.device });
    this.logger.info('device.connected', { device: socket.data.device, replaced: replaced !== undefined });
  }

  /** It goes by itself when it has heard; one that does not is not kept. */
  private seeOff(socket: DeviceSocket): void {
    const timer = setTimeout(() => socket.disconnect(true), serverLimits.handshakeTimeoutMs);
    socket.once('disconnect', () => clearTimeout(timer));
  }

  leave(socket: DeviceSocket): Promise<void> {
    this.handshakeEnded(socket);
    const { device } = socket.data;
    const isGone = this.presence.leave(socket);
    const left = Promise.all([isGone ? this.depart(device) : null, this.connections.ended(socket.data)]).then(() => undefined)
      .catch((error: unknown) => this.logger.failure('device.not-departed', error, { device })).finally(() => this.departures.delete(left));
    this.departures.add(left);
    return left;
  }

  /** Ends every connection; resolves when all of them have left the runs. Where others take them, they go there little by little. */
  async closeAll(): Promise<void> {
    const sockets = [...this.presence.all()];
    for (let from = 0; from < sockets.length; from += drainSlice) {
      for (const socket of sockets.slice(from, from + drainSlice)) socket.disconnect(true);
      if (!this.replica.isAlone && from + drainSlice < sockets.length) await sleep(drainPauseMs);
    }
    await Promise.all(this.departures);
  }

  /** The other replicas take the devices of this one for gone: they come back and say where they stand. */
  disconnectAll(): void {
    for (const socket of [...this.presence.all()]) socket.disconnect(true);
  }

  private async depart(device: string): Promise<void> {
    this.logger.info('device.disconnected', { device });
    await this.assignments.depart(device);
    await this.devices.saveSeen(device, { at: this.clock.now(), connected: false });
  }

  async hello(socket: DeviceSocket, { protocol, workerVersion, capabilities, runs, instance, statement }: MessageOf<'session:hello'>): Promise<AckOf<'session:hello'>> {
    const mismatch = protocolMismatch(protocol, { min: protocolVersionMin, max: protocolVersion });
    if (mismatch !== null) {
      throw new FleetError(mismatch, { field: 'protocol', problem: `The device speaks protocol ${protocol}, this coordinator ${protocolVersionMin} to ${protocolVersion}.` });
    }
    const { device, name, comeBackMs } = socket.data;
    if (comeBackMs !== null) return { deviceName: name, runs: [], comeBackMs };
    await this.devices.saveSeen(device, { at: this.clock.now(), connected: true, instance: instance ?? null, statement: statement ?? null, workerVersion, ...capabilities });
    const answers = await this.assignments.greet(socket, runs);
    socket.data.greeted = true;
    this.handshakeEnded(socket);
    // The ack goes first: what follows may be answered by the device at once.
    setImmediate(() => {
      this.connections.greeted(socket.data, instance);
      this.assignments.followUp(socket, runs).catch((error: unknown) => this.logger.failure('session.follow-up', error, { device }));
    });
    return { deviceName: name, runs: answers };
  }
}
