import { operatorRoles, routes, type Invitation, type OperatorRole, type OperatorRow } from '@seedfleet/protocol';
import { Argument, Option, type Command } from 'commander';
import { sheetOf, tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';

const switches = [
  { name: 'disable', route: routes.disableOperator, does: 'shut an operator out at once, with all sessions and tokens' },
  { name: 'enable', route: routes.enableOperator, does: 'let a disabled operator in again' },
] as const;

export function addOperatorCommands(program: Command, shell: Shell): void {
  const operators = examples(program.command('operators').description('people who operate the fleet (for admins)'), 'seedfleet operators list');

  examples(operators.command('list')
    .description('list the operators')
    .action(async () => {
      const found = await (await shell.client()).json(routes.listOperators);
      shell.printer.value(found, ({ items }) => operatorTable(items));
    }), 'seedfleet operators list');

  examples(operators.command('invite <name>')
    .description('make an operator and a one-time link that sets the password; it is shown this once')
    .addOption(new Option('--role <role>', 'what the operator may do').choices(operatorRoles).default('viewer'))
    .action(async (name: string, { role }: { role: OperatorRole }) => {
      const client = await shell.client();
      printLink(shell, client.url, await client.json(routes.inviteOperator, { body: { name, role } }));
    }), 'seedfleet operators invite Ada --role operator');

  examples(operators.command('link <id>')
    .description('make a new one-time link, also for a lost password; the link before it ends')
    .action(async (id: string) => {
      const client = await shell.client();
      printLink(shell, client.url, await client.json(routes.renewInvitation, { params: { id } }));
    }), 'seedfleet operators link op_3kX9');

  examples(operators.command('role <id>')
    .description('give an operator another role')
    .addArgument(new Argument('<role>', 'what the operator may do').choices(operatorRoles))
    .action(async (id: string, role: OperatorRole) => {
      const operator = await (await shell.client()).json(routes.changeOperatorRole, { params: { id }, body: { role } });
      shell.printer.value(operator, operatorSheet);
    }), 'seedfleet operators role op_3kX9 admin');

  for (const { name, route, does } of switches) {
    examples(operators.command(`${name} <id>`)
      .description(does)
      .action(async (id: string) => {
        const operator = await (await shell.client()).json(route, { params: { id } });
        shell.printer.value(operator, operatorSheet);
      }), `seedfleet operators ${name} op_3kX9`);
  }
}

/** A secret that a command prints: making it known is the purpose of the command. */
function printLink(shell: Shell, url: string, invitation: Invitation): void {
  const link = `${url}${invitation.path}`;
  shell.printer.value({ ...invitation, link }, () => link);
  shell.remark(`Good once, until ${invitation.expiresAt}: it lets ${invitation.operator.name} set a password and sign in as ${invitation.operator.role}.`);
}

function operatorTable(operators: OperatorRow[]): string {
  return tableOf({
    head: ['ID', 'NAME', 'ROLE', 'PASSWORD', 'CREATED', 'DISABLED'],
    rows: operators.map((operator) => [operator.id, operator.name, operator.role, operator.hasPassword ? 'yes' : 'no', operator.createdAt, operator.disabledAt]),
    empty: 'No operators.',
  });
}

function operatorSheet(operator: OperatorRow): string {
  return sheetOf({ id: operator.id, name: operator.name, role: operator.role, password: operator.hasPassword ? 'yes' : 'no', 'identity provider': operator.hasIdentity ? 'yes' : 'no', created: operator.createdAt, disabled: operator.disabledAt });
}
