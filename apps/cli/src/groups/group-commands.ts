import { routes, type Group } from '@seedfleet/protocol';
import { type Command } from 'commander';
import { sheetOf, tableOf } from '../terminal/printer.js';
import { examples, listValue, type Shell } from '../terminal/shell.js';

export function addGroupCommands(program: Command, shell: Shell): void {
  const groups = examples(program.command('groups').description('groups of devices: by a filter, or by hand'), 'seedfleet groups list');

  examples(groups.command('list')
    .description('list the groups with the devices that are in them now')
    .action(async () => {
      const found = await (await shell.client()).json(routes.listGroups);
      shell.printer.value(found, ({ items }) => groupTable(items));
    }), 'seedfleet groups list');

  examples(groups.command('create')
    .description('make a group; without a filter it holds the devices that are put into it')
    .requiredOption('--name <name>', 'what it is called, also in filters: group=NAME')
    .option('--filter <filter>', 'who is in it, now and later')
    .action(async ({ name, filter }: { name: string; filter?: string }) => {
      shell.printer.value(await (await shell.client()).json(routes.createGroup, { body: { name, ...(filter === undefined ? {} : { filter }) } }), groupSheet);
    }), 'seedfleet groups create --name lab --filter "tag=lab state=active"', 'seedfleet groups create --name pilot');

  examples(groups.command('change <id>')
    .description('give a group this name and filter; without --filter it becomes one by hand')
    .requiredOption('--name <name>', 'what it is called')
    .option('--filter <filter>', 'who is in it')
    .action(async (id: string, { name, filter }: { name: string; filter?: string }) => {
      const client = await shell.client();
      shell.printer.value(await client.json(routes.changeGroup, { params: { id }, body: { name, filter: filter ?? null } }), groupSheet);
    }), 'seedfleet groups change grp_3kX9 --name lab --filter "tag=lab,office"');

  for (const { verb, route, does } of [{ verb: 'add', route: routes.addGroupMembers, does: 'put devices into a group' }, { verb: 'remove', route: routes.removeGroupMembers, does: 'take devices out of a group' }] as const) {
    examples(groups.command(`${verb} <id>`)
      .description(`${does} that has no filter`)
      .requiredOption('--devices <ids>', 'ids with commas between them', listValue)
      .action(async (id: string, { devices }: { devices: string[] }) => {
        shell.printer.value(await (await shell.client()).json(route, { params: { id }, body: { devices } }), groupSheet);
      }), `seedfleet groups ${verb} grp_3kX9 --devices dev_1,dev_2`);
  }

  examples(groups.command('delete <id>')
    .description('delete a group; its devices stay')
    .action(async (id: string) => {
      const client = await shell.client();
      const { name, count } = await client.json(routes.showGroup, { params: { id } });
      if (!await shell.confirmed(`Delete group ${name} (${count} devices, which stay)`)) return;
      await client.nothing(routes.deleteGroup, { params: { id } });
      shell.printer.value({ id, deleted: true }, () => `Group ${name} is deleted.`);
    }), 'seedfleet groups delete grp_3kX9');
}

function groupTable(groups: Group[]): string {
  return tableOf({
    head: ['ID', 'NAME', 'DEVICES', 'ONLINE', 'FILTER'],
    rows: groups.map(({ id, name, count, online, filter }) => [id, name, count, online, filter ?? 'by hand']),
    empty: 'No groups. Make one with `seedfleet groups create`.',
  });
}

function groupSheet({ id, name, filter, count, online, createdAt }: Group): string {
  return sheetOf({ id, name, filter: filter ?? 'by hand', devices: count, online, created: createdAt });
}
