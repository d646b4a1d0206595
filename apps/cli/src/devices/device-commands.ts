import { deviceStates, routes, type Device, type DeviceState } from '@seedfleet/protocol';
import { Option, type Command } from 'commander';
import { allPages } from '../coordinator/all-pages.js';
import { sheetOf, tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { addBulkCommands } from './bulk-commands.js';

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

  examples(devices.command('show <id>')
    .description('show one device')
    .action(async (id: string) => {
      const device = await (await shell.client()).json(routes.showDevice, { params: { id } });
      shell.printer.value(device, deviceSheet);
    }), 'seedfleet devices show dev_3kX9');

  for (const { name, route, does } of actions) {
    examples(devices.command(`${name} <id>`)
      .description(does)
      .action(async (id: string) => {
        const client = await shell.client();
        if (name === 'revoke') {
          const { name: called } = await client.json(routes.showDevice, { params: { id } });
          if (!await shell.confirmed(`Revoke device ${called} (${id}), for good`)) return;
        }
        shell.printer.value(await client.json(route, { params: { id } }), deviceSheet);
      }), `seedfleet devices ${name} dev_3kX9`);
  }
  addBulkCommands(devices, shell);
}

function deviceTable(devices: Device[]): string {
  return tableOf({
    head: ['ID', 'NAME', 'STATE', 'ONLINE', 'WORKER', 'LAST SEEN', 'TAGS'],
    rows: devices.map((device) => [device.id, device.name, device.state, device.online ? 'yes' : 'no', device.workerVersion, device.lastSeenAt, device.tags.join(' ')]),
    empty: 'No devices. Make an enrolment token with `seedfleet tokens create`, then run `seedfleet-worker enroll` on the device.',
  });
}

function deviceSheet(device: Device): string {
  return sheetOf({
    id: device.id, name: device.name, state: device.state, ...(device.clonedAt === null ? {} : { 'COPIED KEY': `two processes took turns with it, last at ${device.clonedAt}: revoke it, or re-enrol the honest one` }), online: device.online ? 'yes' : 'no', fingerprint: device.fingerprint,
    worker: device.workerVersion, platform: device.platform, 'last seen': device.lastSeenAt, enrolled: device.enrolledAt, tags: device.tags.join(' '), threads: device.threads, 'memory, MB': device.memoryMegabytes, 'step, ms': device.forwardMs, 'peak, MB': device.peakMegabytes,
  });
}
