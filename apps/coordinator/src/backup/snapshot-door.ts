import { constants } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { toRefusal } from '@seedfleet/errors';
import { Logger } from '../app/logger.js';
import { type Settings } from '../app/settings.js';
import { settingsToken } from '../app/surroundings.module.js';
import { Database } from '../database/database.js';
import { doorOf, socketOf, type DoorAnswer } from './ask-for-copy.js';

/** The kernel's limit for the path of a socket is 108 bytes on Linux, 104 elsewhere. */
const socketPathBytesMax = 100;
const copyOf = (home: string) => join(home, 'database-copy');

/**
 * Where the backup command of the same user asks a running coordinator for a copy of its embedded database, over a socket in the home. The copy is
 * of files, made while the one session of the database is held: nothing is being written, and what is committed is in them or in the log beside them, as
 * after a kill -9. Rounds wait for as long as it takes, a fraction of a second for tens of megabytes.
 */
@Injectable()
export class SnapshotDoor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly home: string;
  private readonly guests = new Set<Socket>();
  private server: Server | null = null;
  private isCopying = false;

  constructor(@Inject(settingsToken) settings: Settings, private readonly database: Database, private readonly logger: Logger) {
    this.home = settings.home;
  }

  async onApplicationBootstrap(): Promise<void> {
    await rm(doorOf(this.home), { recursive: true, force: true });
    await rm(copyOf(this.home), { recursive: true, force: true });
    if (this.database.kind !== 'embedded' || Buffer.byteLength(socketOf(this.home)) > socketPathBytesMax) return;
    await mkdir(doorOf(this.home), { mode: 0o700 });
    const server = createServer((guest) => {
      this.guests.add(guest.once('close', () => this.guests.delete(guest)));
      guest.on('error', () => { /* its close follows */ });
      void this.answer().then((given) => guest.end(JSON.stringify(given)));
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketOf(this.home), resolve));
    this.server = server;
  }

  async onApplicationShutdown(): Promise<void> {
    for (const guest of this.guests) guest.destroy();
    if (this.server === null) return;
    await new Promise((resolve) => this.server?.close(resolve));
    await rm(doorOf(this.home), { recursive: true, force: true });
  }

  private async answer(): Promise<DoorAnswer> {
    if (this.isCopying) return { refused: 'Another backup is being made.' };
    this.isCopying = true;
    const startedMs = performance.now();
    try {
      await this.copyDatabase();
      this.logger.info('backup.copied', { milliseconds: Math.round(performance.now() - startedMs) });
      return { copy: copyOf(this.home) };
    } catch (error) {
      await rm(copyOf(this.home), { recursive: true, force: true });
      this.logger.failure('backup.not-copied', error);
      return { refused: toRefusal(error).problem };
    } finally {
      this.isCopying = false;
    }
  }

  private async copyDatabase(): Promise<void> {
    await rm(copyOf(this.home), { recursive: true, force: true });
    // The pool of the embedded database has one connection: who holds it, holds the database.
    const session = await this.database.pool.connect();
    try {
      await session.query('CHECKPOINT');
      await cp(join(this.home, 'database'), copyOf(this.home), { recursive: true, mode: constants.COPYFILE_FICLONE });
    } finally {
      session.release();
    }
  }
}
