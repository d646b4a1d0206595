import { statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { type System } from '@seedfleet/protocol';
import { Clock } from '../app/surroundings.js';
import { type Settings } from '../app/settings.js';
import { settingsToken } from '../app/surroundings.module.js';
import { Presence } from '../devices/presence.js';
import { version } from '../health/version.js';
import { RunLoops } from '../rounds/run-loops.js';
import { EventLoopWatch } from './event-loop-watch.js';
import { SystemRepository } from './system.repository.js';

/** What this coordinator is made of, and how it does. Reads only. */
@Injectable()
export class SystemService {
  private readonly startedAt: string;

  constructor(
    @Inject(settingsToken) private readonly settings: Settings, private readonly repository: SystemRepository, private readonly eventLoop: EventLoopWatch,
    private readonly presence: Presence, private readonly loops: RunLoops, clock: Clock,
  ) {
    this.startedAt = clock.now().toISOString();
  }

  async look(): Promise<System> {
    const { home, retention, smtp, traces, logLevel } = this.settings;
    const database = await this.repository.look();
    const { bsize, bavail, blocks } = await statfs(home);
    const { rss, heapUsed } = process.memoryUsage();
    const { enrolled, going } = await this.repository.counts();
    return {
      version, node: process.version, platform: `${process.platform} ${process.arch}`, startedAt: this.startedAt, database,
      disk: { home, freeBytes: bsize * bavail, totalBytes: bsize * blocks, modelBytes: await this.repository.countModelBytes() },
      memory: { residentBytes: rss, heapBytes: heapUsed, systemFreeBytes: freemem(), systemBytes: totalmem() },
      eventLoop: this.eventLoop.look(), devices: { connected: this.presence.size, enrolled }, runs: { going, ledHere: [...this.loops.all()].length },
      replicas: await this.repository.findReplicas(), retention, settings: { mail: smtp !== null, traces: traces !== null, logLevel },
    };
  }
}
