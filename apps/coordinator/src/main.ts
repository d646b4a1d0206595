import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { toRefusal } from '@seedfleet/errors';
import { readSettings } from './app/settings.js';
import { runBackupCommand } from './backup/command.js';

// Environment, time and randomness enter here and nowhere else.
async function main(): Promise<void> {
  const settings = readSettings(process.env, homedir());
  const args = process.argv.slice(2);
  if (args.length > 0) {
    process.stdout.write(`${JSON.stringify(await runBackupCommand(args, settings, new Date()))}\n`);
    return;
  }
  // Only now: the commands have no use for the server, and would wait for it to load.
  const [{ startCoordinator }, { Logger }, { Clock, Luck }] = await Promise.all([import('./app/coordinator.js'), import('./app/logger.js'), import('./app/surroundings.js')]);
  const logger = new Logger(settings.logLevel);
  const coordinator = await startCoordinator(settings, { clock: new Clock(() => Date.now()), luck: new Luck((count) => new Uint8Array(randomBytes(count))), logger });
  process.stdout.write(`${JSON.stringify({ event: 'ready', url: coordinator.url })}\n`);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.info('coordinator.stopping', { signal });
    coordinator.close().then(() => process.exit(0), (error: unknown) => {
      logger.failure('coordinator.not-closed', error);
      process.exit(1);
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  const { code, problem, fix, field } = toRefusal(error);
  const cause = error instanceof Error && code === 'internal.failure' ? error.stack : undefined;
  process.stderr.write(`${JSON.stringify({ event: 'failed', code, field, problem, fix, cause })}\n`);
  process.exit(1);
});
