import { writeFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { FleetError, toRefusal } from '@seedfleet/errors';
import { type Command } from 'commander';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { bytesText } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { supportParts } from './support-parts.js';
import { tarFile } from './tar-file.js';

const readme = `What is in here: version, health, system figures, metrics, heads of the audit log, states of runs and models, counts of devices, kinds of alerts.
What is not: names that people gave, tokens, keys, settings that are secret, texts, labels, losses, anything of a device's data.
A file "NAME.missing.json" says by its code why a part could not be read.
`;

export function addSupportCommands(program: Command, shell: Shell): void {
  const support = examples(program.command('support').description('help for whoever helps you'), 'seedfleet support bundle --out bundle.tar.gz');
  examples(support.command('bundle')
    .description('write what somebody needs to help you with a coordinator: no data, no names, no secrets')
    .requiredOption('--out <file>', 'archive to write (tar.gz); it must not exist')
    .action(async ({ out }: { out: string }) => {
      const files = await bundleOf(await shell.client());
      const bytes = tarFile(files, Date.parse('2000-01-01T00:00:00Z'));
      await writeNew(out, bytes);
      const missing = [...files.keys()].filter((name) => name.includes('.missing.')).map((name) => name.replace('.missing.json', ''));
      shell.printer.value({ out, bytes: bytes.length, files: [...files.keys()], missing }, () => `${out}: ${files.size} files, ${bytesText(bytes.length)}. Look at it before you send it: tar tzf ${out}${missing.length === 0 ? '' : `\nCould not be read: ${missing.join(', ')}`}`);
    }), 'seedfleet support bundle --out bundle.tar.gz');
}

/** Every part, or why it is missing: a coordinator that is ill is what a bundle is for. @throws FleetError `coordinator.unreachable` if none could be read */
async function bundleOf(client: CoordinatorClient): Promise<Map<string, string>> {
  const files = new Map([['README.txt', readme], ['here.json', json({ node: process.version, platform: platform() })]]);
  let lastFailure: unknown;
  let readParts = 0;
  for (const { name, read } of supportParts) {
    try {
      const part = await read(client);
      files.set(name, typeof part === 'string' ? part : json(part));
      readParts += 1;
    } catch (error) {
      lastFailure = error;
      files.set(`${name.replace(/\.\w+$/, '')}.missing.json`, json({ code: toRefusal(error).code }));
    }
  }
  if (readParts === 0) throw lastFailure;
  return files;
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** @throws FleetError `command.invalid` if there is such a file */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new FleetError('command.invalid', { field: '--out', problem: `${path} cannot be written: ${typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EEXIST' ? 'there is such a file already' : 'its folder is missing or not yours'}.`, cause });
  }
}
