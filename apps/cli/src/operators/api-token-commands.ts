import { operatorRoles, routes, type ApiToken, type OperatorRole } from '@seedfleet/protocol';
import { Option, type Command } from 'commander';
import { tableOf } from '../terminal/printer.js';
import { examples, numberValue, type Shell } from '../terminal/shell.js';

interface CreateOptions { name: string; role?: OperatorRole; expires: number }

/** 90 days. */
const defaultSeconds = 7_776_000;

export function addApiTokenCommands(program: Command, shell: Shell): void {
  const tokens = examples(program.command('api-tokens').description('API tokens: what programs of yours call the coordinator with'), 'seedfleet api-tokens list');

  examples(tokens.command('create')
    .description('make an API token of yours; it is shown this once')
    .requiredOption('--name <name>', 'what it is for')
    .addOption(new Option('--role <role>', 'what it may do, at most what you may; default: that').choices(operatorRoles))
    .option('--expires <seconds>', 'seconds until it expires', numberValue, defaultSeconds)
    .action(async ({ name, role, expires }: CreateOptions) => {
      const made = await (await shell.client()).json(routes.createApiToken, { body: { name, ...(role === undefined ? {} : { role }), expiresInSeconds: expires } });
      // A secret that a command prints: making it known is the purpose of the command.
      shell.printer.value(made, () => made.token);
      shell.remark(`Good as ${made.role} until ${made.expiresAt}.`);
    }), 'seedfleet api-tokens create --name ci --role viewer --expires 86400', 'TOKEN=$(seedfleet api-tokens create --name ci)');

  examples(tokens.command('list')
    .description('list your API tokens, without their secrets; as admin those of everybody')
    .action(async () => {
      const found = await (await shell.client()).json(routes.listApiTokens);
      shell.printer.value(found, ({ items }) => tokenTable(items));
    }), 'seedfleet api-tokens list');

  examples(tokens.command('revoke <id>')
    .description('end an API token at once')
    .action(async (id: string) => {
      await (await shell.client()).nothing(routes.deleteApiToken, { params: { id } });
      shell.printer.value({ id, revoked: true }, () => `API token ${id} is revoked.`);
    }), 'seedfleet api-tokens revoke key_8Qm2');
}

function tokenTable(tokens: ApiToken[]): string {
  return tableOf({
    head: ['ID', 'NAME', 'OPERATOR', 'ROLE', 'EXPIRES'],
    rows: tokens.map((token) => [token.id, token.name, token.operator, token.role, token.expiresAt ?? 'never']),
    empty: 'No API tokens.',
  });
}
