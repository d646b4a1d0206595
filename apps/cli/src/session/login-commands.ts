import { readFile } from 'node:fs/promises';
import { FleetError } from '@seedfleet/errors';
import { routes } from '@seedfleet/protocol';
import { type Command } from 'commander';
import { CoordinatorClient } from '../coordinator/coordinator-client.js';
import { sheetOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { firstContext, parseUrl, readSessions, saveSessions } from './session-file.js';

interface LoginOptions { url: string; tokenFile?: string }

export function addLoginCommands(program: Command, shell: Shell): void {
  examples(program.command('login')
    .description('keep the address of a coordinator and your operator token (a file of mode 0600)')
    .requiredOption('--url <url>', 'address of the coordinator')
    .option('--token-file <file>', 'file that holds the operator token; - reads it from the standard input (default: SEEDFLEET_TOKEN)')
    .action(async (options: LoginOptions) => {
      const session = parseUrl({ url: options.url, token: await givenToken(options, shell) });
      const operator = await new CoordinatorClient(session).json(routes.whoami);
      const saved = await readSessions(shell.surroundings);
      const context = shell.context ?? firstContext;
      const file = await saveSessions(shell.surroundings, { current: context, contexts: { ...saved.contexts, [context]: session } });
      if (isExposed(session.url)) shell.remark('The connection is not encrypted: whoever is on the way can read the token. Put TLS before the coordinator.');
      shell.printer.value({ url: session.url, ...operator, context, file }, () => `Logged in to ${session.url} as ${operator.name} (${operator.role}).`);
    }), 'seedfleet login --url http://127.0.0.1:7337 --token-file .seedfleet/admin-token', 'seedfleet login --context production --url https://fleet.example.org --token-file - < token');

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

/** From a file, the standard input or the environment: what stands on a command line, every user of the machine can read. */
async function givenToken({ tokenFile }: LoginOptions, shell: Shell): Promise<string> {
  const text = shell.surroundings.env['SEEDFLEET_TOKEN'];
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
