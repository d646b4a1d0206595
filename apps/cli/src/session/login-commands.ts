import { readFile } from 'node:fs/promises';
import { FleetError } from '@seedfleet/errors';
import { routes } from '@seedfleet/protocol';
import { type Command } from 'commander';
import { CoordinatorClient } from '../coordinator/coordinator-client.js';
import { sheetOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { parseUrl, saveSession } from './session-file.js';

interface LoginOptions { url: string; token?: string; tokenFile?: string }

export function addLoginCommands(program: Command, shell: Shell): void {
  examples(program.command('login')
    .description('keep the address of a coordinator and your operator token (a file of mode 0600)')
    .requiredOption('--url <url>', 'address of the coordinator')
    .option('--token <token>', 'operator token; seen by others in the list of processes, so that --token-file is better')
    .option('--token-file <file>', 'file that holds the operator token; - reads it from the standard input')
    .action(async (options: LoginOptions) => {
      const session = parseUrl({ url: options.url, token: await givenToken(options, shell) });
      const operator = await new CoordinatorClient(session).json(routes.whoami);
      const file = await saveSession(shell.surroundings, session);
      if (isExposed(session.url)) shell.remark('The connection is not encrypted: whoever is on the way can read the token. Put TLS before the coordinator.');
      shell.printer.value({ url: session.url, ...operator, file }, () => `Logged in to ${session.url} as ${operator.name} (${operator.role}).`);
    }), 'seedfleet login --url http://127.0.0.1:7337 --token-file .seedfleet/admin-token', 'seedfleet login --url https://fleet.example.org --token-file - < token');

  examples(program.command('whoami')
    .description('show which operator the coordinator knows you as')
    .action(async () => {
      const client = await shell.client();
      const operator = await client.json(routes.whoami);
      shell.printer.value({ url: client.url, ...operator }, sheetOf);
    }), 'seedfleet whoami');
}

/** Whether a token sent there leaves this machine in the clear. */
export function isExposed(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

async function givenToken({ token, tokenFile }: LoginOptions, shell: Shell): Promise<string> {
  if (token !== undefined && tokenFile !== undefined) throw new FleetError('command.invalid', { field: '--token', problem: 'Both --token and --token-file are given.' });
  const text = token ?? shell.surroundings.env['SEEDFLEET_TOKEN'];
  if (tokenFile === undefined && text === undefined) throw new FleetError('command.invalid', { field: '--token-file', problem: 'No operator token is given.', fix: 'Add --token-file FILE; the coordinator writes its first one to SEEDFLEET_HOME/admin-token.' });
  const found = (tokenFile === undefined ? text ?? '' : await tokenIn(tokenFile, shell)).trim();
  if (found === '') throw new FleetError('command.invalid', { field: '--token-file', problem: 'The operator token is empty.' });
  return found;
}

async function tokenIn(file: string, shell: Shell): Promise<string> {
  if (file === '-') return shell.surroundings.readStdin();
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new FleetError('file.unreadable', { field: '--token-file', problem: `The file ${file} cannot be read.`, cause });
  }
}
