import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FleetError } from '@seedfleet/errors';
import { type Settings } from '../app/settings.js';
import { newSealIdentity, type Seal, type SealKey } from './archive-seal.js';
import { restoreBackup } from './restore-backup.js';
import { writeBackup } from './write-backup.js';

const usage = 'Say: main.js, main.js backup --out FILE [--recipient age1...]... [--passphrase-file FILE], main.js restore --from FILE [--identity-file FILE | --passphrase-file FILE], or main.js backup-key --out FILE.';
const wrong = (problem: string) => new FleetError('settings.invalid', { field: 'arguments', problem, fix: usage });

const options = {
  backup: { out: { type: 'string' }, recipient: { type: 'string', multiple: true }, 'passphrase-file': { type: 'string' } },
  restore: { from: { type: 'string' }, 'identity-file': { type: 'string' }, 'passphrase-file': { type: 'string' } },
  'backup-key': { out: { type: 'string' } },
} as const;
interface Given { out?: string; from?: string; recipient?: string[]; 'passphrase-file'?: string; 'identity-file'?: string }

/**
 * `backup`, `restore` and `backup-key`, on the home and the database that the environment names.
 * @returns the line to print
 * @throws FleetError `settings.invalid` for anything else, and those of the three
 */
export async function runBackupCommand(args: readonly string[], settings: Settings, at: Date): Promise<object> {
  const [command = '', ...rest] = args;
  if (!Object.hasOwn(options, command)) throw wrong(`There is no command ${command}.`);
  const given = parsed(command as keyof typeof options, rest);
  const place = { home: settings.home, url: settings.databaseUrl };
  switch (command) {
    case 'backup': {
      const out = required(given.out, 'backup needs --out FILE.');
      const whoMayRead = sealOf(given);
      return { event: 'backup.written', file: out, encrypted: whoMayRead !== null, ...await writeBackup({ ...place, out, at, whoMayRead }) };
    }
    case 'restore': {
      const from = required(given.from, 'restore needs --from FILE.');
      return { event: 'backup.restored', file: from, ...await restoreBackup({ ...place, from, key: keyOf(given) }) };
    }
    default: {
      const out = required(given.out, 'backup-key needs --out FILE.');
      const { identity, recipient } = await newSealIdentity();
      writeFileSync(out, `# created: ${at.toISOString()}\n# public key: ${recipient}\n${identity}\n`, { flag: 'wx', mode: 0o600 });
      return { event: 'backup.key-made', file: out, recipient };
    }
  }
}

function parsed(command: keyof typeof options, args: string[]): Given {
  try {
    return parseArgs({ args, options: options[command] }).values as Given;
  } catch {
    throw wrong(`${command} does not take these arguments.`);
  }
}

function required(value: string | undefined, problem: string): string {
  if (value === undefined) throw wrong(problem);
  return value;
}

function sealOf({ recipient, 'passphrase-file': passphraseFile }: Given): Seal | null {
  if (recipient !== undefined && passphraseFile !== undefined) throw wrong('An archive is encrypted for recipients or with a passphrase, not both.');
  if (recipient !== undefined) return { recipients: recipient };
  return passphraseFile === undefined ? null : { passphrase: passphraseIn(passphraseFile) };
}

function keyOf({ 'identity-file': identityFile, 'passphrase-file': passphraseFile }: Given): SealKey | null {
  if (identityFile !== undefined) return { identities: linesIn(identityFile).filter((line) => !line.startsWith('#')) };
  return passphraseFile === undefined ? null : { passphrase: passphraseIn(passphraseFile) };
}

function passphraseIn(path: string): string {
  const [passphrase = ''] = linesIn(path);
  if (passphrase === '') throw wrong(`${path} has no passphrase in its first line.`);
  return passphrase;
}

function linesIn(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').map((line) => line.trim()).filter((line) => line !== '');
  } catch (cause) {
    throw new FleetError('settings.invalid', { field: 'arguments', problem: `${path} cannot be read.`, fix: usage, cause });
  }
}
