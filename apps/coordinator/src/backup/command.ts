import { parseArgs } from 'node:util';
import { FleetError } from '@seedfleet/errors';
import { type Settings } from '../app/settings.js';
import { restoreBackup } from './restore-backup.js';
import { writeBackup } from './write-backup.js';

const wrong = (problem: string) => new FleetError('settings.invalid', { field: 'arguments', problem, fix: 'Say: main.js, main.js backup --out FILE, or main.js restore --from FILE.' });

/**
 * `backup --out FILE` and `restore --from FILE`, on the home and the database that the environment names.
 * @returns the line to print
 * @throws FleetError `settings.invalid` for anything else, and those of the two
 */
export async function runBackupCommand(args: readonly string[], settings: Settings, at: Date): Promise<object> {
  const [command, ...rest] = args;
  const name = command === 'backup' ? 'out' : command === 'restore' ? 'from' : null;
  if (name === null) throw wrong(`There is no command ${command}.`);
  let path: string | undefined;
  try {
    path = parseArgs({ args: [...rest], options: { [name]: { type: 'string' } } }).values[name] as string | undefined;
  } catch {
    throw wrong(`${command} takes --${name} FILE and nothing else.`);
  }
  if (path === undefined) throw wrong(`${command} needs --${name} FILE.`);
  const place = { home: settings.home, url: settings.databaseUrl };
  return name === 'out' ? { event: 'backup.written', file: path, ...await writeBackup({ ...place, out: path, at }) } : { event: 'backup.restored', file: path, ...await restoreBackup({ ...place, from: path }) };
}
