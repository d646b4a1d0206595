import { deviceStates, routes, type Device, type DeviceState } from '@seedfleet/protocol';
import { Option, type Command } from 'commander';
import { allPages } from '../coordinator/all-pages.js';
import { tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { addBulkCommands } from './bulk-commands.js';
import { addCallCommands } from './call-commands.js';
import { deviceNamed } from './device-named.js';
import { detailSheet, deviceSheet } from './device-text.js';
import { addKeyCommands } from './key-commands.js';

const actions = [
  { name: 'approve', route: routes.approveDevice, does: 'let a pending device take part, once its fingerprint was compared' },
  { name: 'suspend', route: routes.suspendDevice, does: 'keep a device out for a while' },
  { name: 'resume', route: routes.resumeDevice, does: 'let a suspended device take part again' },
  { name: 'revoke', route: routes.revokeDevice, does: 'keep a device out for good' },
] as const;

export function addDeviceCommands(program: Command, shell: Shell): void {
  const devices = examples(program.command('devices').description('devices of the fleet'), 'seedfleet devices list');

  examples(devices.command('list')
    .description('list all devices')
    .addOption(new Option('--state <state>', 'only those in this state').choices(deviceStates))
    .option('--filter <filter>', 'only those that it means')
    .action(async ({ state, filter }: { state?: DeviceState; filter?: string }) => {
      const client = await shell.client();
      const found = await allPages((cursor) => client.json(routes.listDevices, { query: { cursor, state, filter } }));
      shell.printer.value({ items: found }, ({ items }) => deviceTable(items));
    }), 'seedfleet devices list', 'seedfleet devices list --filter "tag=lab online=yes seen<24h"', 'seedfleet devices list --state pending -o json');

  examples(devices.command('show <device>')
    .description('show one device, by its name or id: who it is, its policy and data as it states them, its last error and answers')
    .action(async (word: string) => {
      const client = await shell.client();
      shell.printer.value(await client.json(routes.showDevice, { params: { id: await deviceNamed(client, word) } }), detailSheet);
    }), 'seedfleet devices show laptop-7', 'seedfleet devices show dev_3kX9 -o json');

  for (const { name, route, does } of actions) {
    examples(devices.command(`${name} <device>`)
      .description(does)
      .action(async (word: string) => {
        const client = await shell.client();
        const id = await deviceNamed(client, word);
        if (name === 'revoke') {
          const { name: called } = await client.json(routes.showDevice, { params: { id } });
          if (!await shell.confirmed(`Revoke device ${called} (${id}), for good`)) return;
        }
        shell.printer.value(await client.json(route, { params: { id } }), deviceSheet);
      }), `seedfleet devices ${name} dev_3kX9`);
  }
  addKeyCommands(devices, shell);
  addCallCommands(devices, shell);
  addBulkCommands(devices, shell);
}

function deviceTable(devices: Device[]): string {
  return tableOf({
    head: ['ID', 'NAME', 'STATE', 'ONLINE', 'WORKER', 'LAST SEEN', 'TAGS'],
    rows: devices.map((device) => [device.id, device.name, device.state, device.online ? 'yes' : 'no', device.workerVersion, device.lastSeenAt, device.tags.join(' ')]),
    empty: 'No devices. Make an enrolment token with `seedfleet tokens create`, then run `seedfleet-worker enroll` on the device.',
  });
}
