import { bulkActions, routes, type BulkResult } from '@seedfleet/protocol';
import { createArgument, type Command } from 'commander';
import { allPages } from '../coordinator/all-pages.js';
import { tableOf } from '../terminal/printer.js';
import { examples, listValue, type Shell } from '../terminal/shell.js';
import { deviceNamed } from './device-named.js';

/** Devices shown by name before a change of many. */
const namesShown = 10;

/** Tags, counts, and one action on all devices that a filter means. */
export function addBulkCommands(devices: Command, shell: Shell): void {
  examples(devices.command('count')
    .description('how many devices a filter means')
    .option('--filter <filter>', 'which (default: all)', '')
    .action(async ({ filter }: { filter: string }) => {
      shell.printer.value(await (await shell.client()).json(routes.countDevices, { query: { filter } }), ({ count, online, states }) => `${count} devices, ${online} online: ${Object.entries(states).map(([state, of]) => `${of} ${state}`).join(', ')}`);
    }), 'seedfleet devices count --filter "tag=lab online=yes"');

  examples(devices.command('tag <device>')
    .description('give a device these tags and no others')
    .requiredOption('--tags <tags>', 'with commas between them; empty for none', listValue)
    .action(async (word: string, { tags }: { tags: string[] }) => {
      const client = await shell.client();
      const device = await client.json(routes.changeDeviceTags, { params: { id: await deviceNamed(client, word) }, body: { tags } });
      shell.printer.value(device, ({ name, tags: given }) => `${name}: ${given.join(', ') || 'no tags'}`);
    }), 'seedfleet devices tag dev_3kX9 --tags lab,gpu');

  examples(devices.command('change')
    .description('one action on every device that a filter means, after showing who they are')
    .addArgument(createArgument('<action>', 'what to do').choices(bulkActions))
    .requiredOption('--filter <filter>', 'which devices')
    .option('--tag <tag>', 'with add-tag and remove-tag')
    .action(async (action: (typeof bulkActions)[number], { filter, tag }: { filter: string; tag?: string }) => {
      const client = await shell.client();
      const meant = await allPages((cursor) => client.json(routes.listDevices, { query: { cursor, filter } }));
      const names = meant.slice(0, namesShown).map(({ name }) => name).join(', ');
      if (meant.length === 0) {
        shell.printer.value<BulkResult>({ changed: 0, unchanged: [] }, () => 'The filter means no device.');
        return;
      }
      if (!await shell.confirmed(`${action}${tag === undefined ? '' : ` ${tag}`}: ${meant.length} devices (${names}${meant.length > namesShown ? ', ...' : ''})`)) return;
      const result = await client.json(routes.changeDevices, { body: { filter, action, expected: meant.length, ...(tag === undefined ? {} : { tag }) } });
      shell.printer.value(result, bulkText);
    }), 'seedfleet devices change suspend --filter "tag=spare online=no"', 'seedfleet devices change add-tag --tag lab --filter name~lab --yes');
}

function bulkText({ changed, unchanged }: BulkResult): string {
  if (unchanged.length === 0) return `${changed} devices changed.`;
  return `${changed} devices changed. As they were, because of the state that they are in:\n${tableOf({ head: ['ID', 'NAME', 'STATE'], rows: unchanged.map(({ id, name, state }) => [id, name, state]), empty: '' })}`;
}
