import { type Command } from 'commander';
import { exitCodes } from '../terminal/exit-code.js';
import { tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { readDeclared } from './declared-file.js';
import { makeRoomForTokens, performPlan, readPresent } from './perform-plan.js';
import { planOf, type Step } from './plan.js';

interface Options { file: string; prune: boolean; tokensTo?: string }

/** Groups, alert rules and enrolment tokens out of a file that can be kept with the rest of what is under version control. */
export function addDeclaredCommands(program: Command, shell: Shell): void {
  examples(program.command('diff')
    .description('show what `apply` would change; exit code 8 if anything')
    .requiredOption('-f, --file <file>', 'YAML or JSON; - for the standard input')
    .option('--prune', 'what the file does not name, in a section that it has, would be deleted', false)
    .action(async ({ file, prune }: Options) => {
      const declared = await readDeclared(file, shell.surroundings.readStdin);
      const steps = planOf(declared, await readPresent(await shell.client()), { prune });
      if (steps.some(changesAnything)) shell.exitCode = exitCodes.problemsFound;
      shell.printer.value({ items: steps }, () => planTable(steps));
    }), 'seedfleet diff -f fleet.yaml', 'seedfleet diff -f fleet.yaml --prune -o json');

  examples(program.command('apply')
    .description('make groups, alert rules and enrolment tokens be as a file says; again changes nothing')
    .requiredOption('-f, --file <file>', 'YAML or JSON; - for the standard input')
    .option('--prune', 'delete what the file does not name, in a section that it has', false)
    .option('--tokens-to <file>', 'file that new enrolment tokens are added to, a name and a token a line')
    .action(async ({ file, prune, tokensTo }: Options) => {
      const declared = await readDeclared(file, shell.surroundings.readStdin);
      const client = await shell.client();
      const present = await readPresent(client);
      const steps = planOf(declared, present, { prune });
      shell.printer.value({ items: steps }, () => planTable(steps));
      if (shell.isDryRun) return shell.remark('Nothing was changed.');
      await makeRoomForTokens(steps, tokensTo);
      const deleted = steps.filter(({ action }) => action === 'delete');
      if (deleted.length > 0 && !await shell.confirmed(`Delete ${deleted.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`)) return;
      let changed = 0;
      await performPlan(client, { steps, declared, present, tokensTo, done: () => { changed += 1; } });
      shell.remark(`${changed} of ${steps.length} changed.`);
    }), 'seedfleet apply -f fleet.yaml --dry-run', 'seedfleet apply -f fleet.yaml --prune --yes --tokens-to tokens.txt');
}

const changesAnything = ({ action }: Step) => action !== 'none';

function planTable(steps: readonly Step[]): string {
  return tableOf({
    head: ['WHAT', 'NAME', 'DOES', 'FIELDS'],
    rows: steps.map(({ kind, name, action, changes }) => [kind, name, action === 'none' ? 'nothing' : action, changes.map(({ field, from, to }) => (action === 'create' ? `${field}=${text(to)}` : `${field}: ${text(from)} -> ${text(to)}`)).join('; ')]),
    empty: 'The file declares nothing.',
  });
}

const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
