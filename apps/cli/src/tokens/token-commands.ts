import { routes, type EnrolmentToken } from '@seedfleet/protocol';
import { type Command } from 'commander';
import { tableOf } from '../terminal/printer.js';
import { examples, numberValue, type Shell } from '../terminal/shell.js';

interface CreateOptions { name?: string; expires: number; uses: number; approval: boolean; group?: string }

export function addTokenCommands(program: Command, shell: Shell): void {
  const tokens = examples(program.command('tokens').description('enrolment tokens: what lets new devices in'), 'seedfleet tokens list');

  examples(tokens.command('create')
    .description('make an enrolment token; it is shown this once')
    .option('--name <name>', 'what it is for')
    .option('--expires <seconds>', 'seconds until it expires', numberValue, 86_400)
    .option('--uses <count>', 'devices that it lets in', numberValue, 1)
    .option('--approval', 'devices wait until an operator approves them', false)
    .option('--group <id>', 'group, made without a filter, that they go into')
    .action(async ({ name, expires, uses, approval, group }: CreateOptions) => {
      const client = await shell.client();
      const made = await client.json(routes.createEnrolmentToken, { body: { ...(name === undefined ? {} : { name }), expiresInSeconds: expires, usesMax: uses, approval, ...(group === undefined ? {} : { group }) } });
      // The one secret that a command prints: making it known is the purpose of the command.
      shell.printer.value(made, () => made.token);
      shell.remark(`Good for ${made.usesMax} device${made.usesMax === 1 ? '' : 's'} until ${made.expiresAt}. On the device:\n  seedfleet-worker enroll --url ${client.url} --token <token above>`);
    }), 'seedfleet tokens create --name "lab machines" --uses 6', 'TOKEN=$(seedfleet tokens create --approval)');

  examples(tokens.command('list')
    .description('list the enrolment tokens, without their secrets')
    .action(async () => {
      const found = await (await shell.client()).json(routes.listEnrolmentTokens);
      shell.printer.value(found, ({ items }) => tokenTable(items));
    }), 'seedfleet tokens list');

  examples(tokens.command('revoke <id>')
    .description('end an enrolment token; devices that used it stay')
    .action(async (id: string) => {
      await (await shell.client()).nothing(routes.deleteEnrolmentToken, { params: { id } });
      shell.printer.value({ id, revoked: true }, () => `Token ${id} is revoked.`);
    }), 'seedfleet tokens revoke tok_8Qm2');
}

function tokenTable(tokens: EnrolmentToken[]): string {
  return tableOf({
    head: ['ID', 'NAME', 'USES', 'APPROVAL', 'EXPIRES'],
    rows: tokens.map((token) => [token.id, token.name, `${token.uses}/${token.usesMax}`, token.approval ? 'yes' : 'no', token.expiresAt]),
    empty: 'No enrolment tokens.',
  });
}
