import { FleetError } from '@seedfleet/errors';
import { auditEntrySchema, routes, type AuditEntry } from '@seedfleet/protocol';
import { type Command } from 'commander';
import { allPages } from '../coordinator/all-pages.js';
import { exitCodes } from '../terminal/exit-code.js';
import { tableOf } from '../terminal/printer.js';
import { examples, numberValue, type Shell } from '../terminal/shell.js';
import { verifyChain } from './verify-chain.js';

interface ListOptions { actor?: string; action?: string; subject?: string; limit?: number }

export function addAuditCommands(program: Command, shell: Shell): void {
  const audit = examples(program.command('audit').description('who changed what'), 'seedfleet audit list --limit 20');

  examples(audit.command('list')
    .description('list changes, newest first')
    .option('--actor <name>', 'only of this operator')
    .option('--action <action>', 'only of this kind, as run.create')
    .option('--subject <id>', 'only to this')
    .option('--limit <count>', 'no more than the newest ones', numberValue)
    .action(async ({ limit, ...filter }: ListOptions) => {
      const client = await shell.client();
      const items = limit === undefined
        ? await allPages((cursor) => client.json(routes.listAuditEntries, { query: { cursor, ...filter } }))
        : (await client.json(routes.listAuditEntries, { query: { limit, ...filter } })).items;
      shell.printer.value({ items }, () => auditTable(items));
    }), 'seedfleet audit list --limit 20', 'seedfleet audit list --actor Ada --action run.create');

  examples(audit.command('verify')
    .description('fetch every entry and check here that each follows from the one before; compare the head hash with one that you kept')
    .action(async () => {
      const verification = verifyChain(entriesOf(await exported(shell)));
      if (!verification.intact) shell.exitCode = exitCodes.problemsFound;
      shell.printer.value(verification, ({ intact, entries, headHash, brokenAt }) => (intact
        ? `PASSED: ${entries} entries, head ${headHash}`
        : `FAILED: entry ${brokenAt} does not follow from the one before; ${entries} entries before it do, head ${headHash}`));
    }), 'seedfleet audit verify');

  examples(audit.command('export')
    .description('write every entry, oldest first, one JSON object a line')
    .action(async () => {
      shell.surroundings.stdout.write(await exported(shell));
    }), 'seedfleet audit export > audit.jsonl');
}

async function exported(shell: Shell): Promise<string> {
  return new TextDecoder().decode(await (await shell.client()).bytes(routes.exportAudit));
}

function entriesOf(lines: string): AuditEntry[] {
  try {
    return lines.split('\n').filter((line) => line !== '').map((line) => auditEntrySchema.parse(JSON.parse(line)));
  } catch (cause) {
    throw new FleetError('coordinator.unexpected-answer', { problem: 'The export of the audit log has a line that is no entry.', cause });
  }
}

function auditTable(entries: AuditEntry[]): string {
  return tableOf({
    head: ['NUMBER', 'AT', 'WHO', 'WHAT', 'TO WHAT', 'DETAIL'],
    rows: entries.map((entry) => [entry.sequence, entry.at, entry.actor, entry.action, entry.subject, Object.entries(entry.detail).map(([name, value]) => `${name}=${value}`).join(' ')]),
    empty: 'No entries.',
  });
}
