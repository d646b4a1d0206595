import { Module, type DynamicModule } from '@nestjs/common';
import { Database } from '../database/database.js';
import { KeyRing } from '../keys/key-ring.js';
import { type RedisLink } from '../replicas/redis-link.js';
import { Replica } from '../replicas/replica.js';
import { Logger } from './logger.js';
import { type Settings } from './settings.js';
import { Clock, Luck } from './surroundings.js';

export const settingsToken = Symbol('settings');
/** RedisLink, or null where this process is alone. */
export const redisToken = Symbol('redis');

export interface OpenedSurroundings {
  settings: Settings;
  clock: Clock;
  luck: Luck;
  logger: Logger;
  keys: KeyRing;
  database: Database;
  replica: Replica;
  /** null: this process is alone */
  redis: RedisLink | null;
}

/** What was opened before Nest: everything else asks for it by type. */
@Module({})
export class SurroundingsModule {
  static with({ settings, clock, luck, logger, keys, database, replica, redis }: OpenedSurroundings): DynamicModule {
    const providers = [
      { provide: settingsToken, useValue: settings },
      { provide: Clock, useValue: clock },
      { provide: Luck, useValue: luck },
      { provide: Logger, useValue: logger },
      { provide: KeyRing, useValue: keys },
      { provide: Database, useValue: database },
      { provide: Replica, useValue: replica },
      { provide: redisToken, useValue: redis },
    ];
    return { module: SurroundingsModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}
