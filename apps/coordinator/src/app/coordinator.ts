import { mkdirSync } from 'node:fs';
import { type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { toHex } from '@seedfleet/ledger';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import express from 'express';
import helmet from 'helmet';
import { serveConsole } from '../console/serve-console.js';
import { AlertWatchService } from '../alerts/alert-watch.service.js';
import { Database } from '../database/database.js';
import { lockHome } from '../database/home-lock.js';
import { Readiness } from '../health/readiness.js';
import { FirstLogin } from '../operators/first-login.js';
import { RetentionService, type Swept } from '../retention/retention.service.js';
import { openKeys } from '../replicas/coordinator-key.js';
import { RedisLink } from '../replicas/redis-link.js';
import { Replica } from '../replicas/replica.js';
import { requireAlone } from '../replicas/require-alone.js';
import { replicaAdapter } from '../replicas/replica-adapter.js';
import { RunLeadership } from '../rounds/run-leadership.js';
import { RunStarter } from '../runs/run-starter.js';
import { RunMembership } from '../runs/run-membership.js';
import { DeviceIoAdapter } from '../sessions/device-io.adapter.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { CoordinatorModule } from './coordinator.module.js';
import { serverLimits } from './limits.js';
import { Logger } from './logger.js';
import { type Settings } from './settings.js';
import { type Clock, type Luck } from './surroundings.js';

/** Number of the advisory lock under which a process makes what the first start makes: "strt" in ASCII. */
const startLock = 0x73747274;
/** A start that finds no Redis goes on without. */
const redisWaitMs = 2_000;

export interface Coordinator {
  url: string;
  database: Database;
  /** Deletes what retention allows, as it does by itself every hour. */
  sweep(): Promise<Swept>;
  /** Looks for alerts now; it does so by itself every few seconds. */
  lookForAlerts(): Promise<void>;
  /** Starts the runs that nothing holds up any more; it does so by itself every second. */
  startDueRuns(): Promise<void>;
  /** Looks now who came into the groups that runs follow, or left them; it does so by itself every few seconds. */
  followGroups(): Promise<void>;
  /** Stops taking, finishes what is being performed, closes sockets and database. */
  close(): Promise<void>;
}

/** Starts a coordinator: home, lock, keys, database with its migrations, every run that was going on, then the port. */
export async function startCoordinator(settings: Settings, { clock, luck, logger = new Logger(settings.logLevel) }: { clock: Clock; luck: Luck; logger?: Logger }): Promise<Coordinator> {
  mkdirSync(settings.home, { recursive: true, mode: 0o700 });
  const replica = new Replica(toHex(luck.bytes(8)), settings.redisUrl === null);
  // The home of several processes is shared by them: what may not be done twice at once is done under a lock of the database.
  const unlock = replica.isAlone ? lockHome(settings.home) : () => undefined;
  try {
    const database = await Database.open({ home: settings.home, url: settings.databaseUrl });
    const redis = settings.redisUrl === null ? null : new RedisLink(settings.redisUrl);
    try {
      logger.info('database.ready', { kind: database.kind, migrationsApplied: database.migrationsApplied.length });
      if (replica.isAlone) await requireAlone(database);
      await redis?.settle(redisWaitMs);
      const keys = await database.alone(startLock, () => openKeys(settings.home, { database, replica, clock, luck }));
      const app = await createApplication({ settings, clock, luck, logger, keys, database, replica, redis });
      await database.alone(startLock, () => app.get(FirstLogin).ensureAdmin());
      await app.get(RunLeadership).start(() => app.get(SessionsService).disconnectAll());
      await app.listen(settings.port, settings.host);
      const url = urlOf(settings.host, app);
      await database.alone(startLock, () => app.get(FirstLogin).ensureLink(url));
      app.get(Readiness).open();
      return { url, database, sweep: () => app.get(RetentionService).sweep(), lookForAlerts: () => app.get(AlertWatchService).look(), startDueRuns: () => app.get(RunStarter).look(), followGroups: () => app.get(RunMembership).follow(), close: () => close({ app, database, redis, unlock }) };
    } catch (error) {
      redis?.close();
      await database.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

async function createApplication(surroundings: Parameters<typeof CoordinatorModule.with>[0]): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(CoordinatorModule.with(surroundings), { logger: surroundings.logger, bodyParser: false, abortOnError: false, forceCloseConnections: true });
  app.disable('x-powered-by');
  // The console sets styles from script, and may be reached by plain HTTP inside a private network: the rest stays as helmet has it.
  app.use(helmet({ contentSecurityPolicy: { directives: { styleSrc: ["'self'", "'unsafe-inline'"], upgradeInsecureRequests: null } } }));
  serveConsole(app);
  app.use(express.json({ limit: serverLimits.jsonBytesMax }));
  app.useWebSocketAdapter(new DeviceIoAdapter(app, surroundings.redis === null ? undefined : replicaAdapter(surroundings.redis, surroundings.keys.publicKey)));
  const server: Server = app.getHttpServer();
  server.headersTimeout = serverLimits.headersTimeoutMs;
  server.requestTimeout = serverLimits.requestTimeoutMs;
  await app.init();
  return app;
}

/** The load balancer looks elsewhere, then another replica leads, then the devices go there. */
async function close({ app, database, redis, unlock }: { app: NestExpressApplication; database: Database; redis: RedisLink | null; unlock: () => void }): Promise<void> {
  app.get(Readiness).shut();
  await app.get(RunLeadership).handOver();
  await app.get(SessionsService).closeAll();
  await app.get(RunLeadership).close();
  await app.close();
  await database.close();
  redis?.close();
  unlock();
}

function urlOf(host: string, app: NestExpressApplication): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
