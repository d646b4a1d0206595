import { routes } from '@seedfleet/protocol';
import { type Command } from 'commander';
import { examples, numberValue, type Shell } from '../terminal/shell.js';
import { deviceNamed } from './device-named.js';

/** Another key for a device: after it was wiped, or from time to time. */
export function addKeyCommands(devices: Command, shell: Shell): void {
  examples(devices.command('re-enrol <device>')
    .description('a token with which a wiped device comes back under its old name, with its runs, groups and tags; shown this once')
    .option('--expires <seconds>', 'seconds until it expires', numberValue, 86_400)
    .action(async (word: string, { expires }: { expires: number }) => {
      const client = await shell.client();
      const id = await deviceNamed(client, word);
      const { name } = await client.json(routes.showDevice, { params: { id } });
      if (!await shell.confirmed(`Let device ${name} (${id}) come back under a new key, which ends the key that it has`)) return;
      const made = await client.json(routes.createReturnToken, { params: { id }, body: { expiresInSeconds: expires } });
      // Like the token of `tokens create`: making it known is the purpose of the command.
      shell.printer.value(made, () => made.token);
      shell.remark(`Good once, until ${made.expiresAt}. On the wiped device:\n  seedfleet-worker enroll --url ${client.url} --token <token above>\nIts old key counts until then, and is refused from then on.`);
    }), 'seedfleet devices re-enrol laptop-7', 'TOKEN=$(seedfleet devices re-enrol laptop-7 --yes)');

  examples(devices.command('rotate-key <device>')
    .description('ask a connected device to change its key: the old one signs the new one, and is refused from then on')
    .action(async (word: string) => {
      const client = await shell.client();
      const id = await deviceNamed(client, word);
      shell.printer.value({ id, ...await client.json(routes.rotateDeviceKey, { params: { id } }) }, () => `Device ${id} changes its key; \`seedfleet devices show ${id}\` tells when it has.`);
    }), 'seedfleet devices rotate-key laptop-7');
}
