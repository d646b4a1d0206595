import { mkdirSync } from 'node:fs';
import { type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import express from 'express';
import helmet from 'helmet';
import { serveConsole } from '../console/serve-console.js';
import { AlertWatchService } from '../alerts/alert-watch.service.js';
import { Database } from '../database/database.js';
import { lockHome } from '../database/home-lock.js';
import { Readiness } from '../health/readiness.js';
import { KeyRing } from '../keys/key-ring.js';
import { FirstLogin } from '../operators/first-login.js';
import { RetentionService, type Swept } from '../retention/retention.service.js';
import { RunLoops } from '../rounds/run-loops.js';
import { DeviceIoAdapter } from '../sessions/device-io.adapter.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { CoordinatorModule } from './coordinator.module.js';
import { serverLimits } from './limits.js';
import { Logger } from './logger.js';
import { type Settings } from './settings.js';
import { type Clock, type Luck } from './surroundings.js';

export interface Coordinator {
  url: string;
  database: Database;
  /** Deletes what retention allows, as it does by itself every hour. */
  sweep(): Promise<Swept>;
  /** Looks for alerts now; it does so by itself every few seconds. */
  lookForAlerts(): Promise<void>;
  /** Stops taking, finishes what is being performed, closes sockets and database. */
  close(): Promise<void>;
}

/** Starts a coordinator: home, lock, keys, database with its migrations, every run that was going on, then the port. */
export async function startCoordinator(settings: Settings, { clock, luck, logger = new Logger(settings.logLevel) }: { clock: Clock; luck: Luck; logger?: Logger }): Promise<Coordinator> {
  mkdirSync(settings.home, { recursive: true, mode: 0o700 });
  const unlock = lockHome(settings.home);
  try {
    const keys = KeyRing.open(settings.home, { clock, luck });
    const database = await Database.open({ home: settings.home, url: settings.databaseUrl });
    try {
      logger.info('database.ready', { kind: database.kind, migrationsApplied: database.migrationsApplied.length });
      const app = await createApplication({ settings, clock, luck, logger, keys, database });
      await app.get(FirstLogin).ensureAdmin();
      await app.get(RunLoops).takeUpAll();
      await app.listen(settings.port, settings.host);
      const url = urlOf(settings.host, app);
      await app.get(FirstLogin).ensureLink(url);
      app.get(Readiness).open();
      return { url, database, sweep: () => app.get(RetentionService).sweep(), lookForAlerts: () => app.get(AlertWatchService).look(), close: () => close(app, database, unlock) };
    } catch (error) {
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
  app.useWebSocketAdapter(new DeviceIoAdapter(app));
  const server: Server = app.getHttpServer();
  server.headersTimeout = serverLimits.headersTimeoutMs;
  server.requestTimeout = serverLimits.requestTimeoutMs;
  await app.init();
  return app;
}

async function close(app: NestExpressApplication, database: Database, unlock: () => void): Promise<void> {
  app.get(Readiness).shut();
  await app.get(RunLoops).close();
  await app.get(SessionsService).closeAll();
  await app.close();
  await database.close();
  unlock();
}

function urlOf(host: string, app: NestExpressApplication): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
