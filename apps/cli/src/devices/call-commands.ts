import { limits, routes, type DeviceLogLine } from '@seedfleet/protocol';
import { type Command } from 'commander';
import { exitCodes } from '../terminal/exit-code.js';
import { examples, numberValue, type Shell } from '../terminal/shell.js';
import { deviceNamed } from './device-named.js';
import { doctorText, logLineText, pingText, resyncText, timelineTable } from './device-text.js';

const followEveryMs = 2_000;

/** What can be asked of a device that is connected, and what is known of its past. */
export function addCallCommands(devices: Command, shell: Shell): void {
  examples(devices.command('ping <device>')
    .description('ask the worker of a device to answer; its name or id')
    .action(async (word: string) => {
      const client = await shell.client();
      shell.printer.value(await client.json(routes.pingDevice, { params: { id: await deviceNamed(client, word) } }), pingText);
    }), 'seedfleet devices ping laptop-7');

  examples(devices.command('resync <device>')
    .description('have a device compare the state of its runs with the fleet; one that differs begins anew from the log')
    .action(async (word: string) => {
      const client = await shell.client();
      const answer = await client.json(routes.resyncDevice, { params: { id: await deviceNamed(client, word) } });
      if (answer.runs.some(({ stateMatches }) => !stateMatches)) shell.exitCode = exitCodes.problemsFound;
      shell.printer.value(answer, resyncText);
    }), 'seedfleet devices resync laptop-7');

  examples(devices.command('doctor <device>')
    .description('have the worker of a device check everything that it needs: PASSED, or what is wrong and what to do')
    .action(async (word: string) => {
      const client = await shell.client();
      const answer = await client.json(routes.diagnoseDevice, { params: { id: await deviceNamed(client, word) } });
      if (!answer.passed) shell.exitCode = exitCodes.problemsFound;
      shell.printer.value(answer, doctorText);
    }), 'seedfleet devices doctor laptop-7');

  examples(devices.command('log <device>')
    .description('the log that a device keeps: codes, ids and counts, never data')
    .option('--limit <count>', `lines, ${limits.logPageEntriesMax} at most`, numberValue, 50)
    .option('--follow', 'go on with what it logs from now on', false)
    .action(async (word: string, { limit, follow }: { limit: number; follow: boolean }) => {
      const client = await shell.client();
      const id = await deviceNamed(client, word);
      const page = async (after: number) => (await client.json(routes.showDeviceLog, { params: { id }, query: { after, limit } })).items;
      const { printer } = shell;
      if (!follow) return printer.value({ items: await page(0) }, ({ items }) => items.map(logLineText).join('\n') || 'Its log is empty.');
      for (let after = 0; ; await shell.surroundings.sleep(followEveryMs)) after = showLines(await page(after), { after, show: (line) => printer.streamed(line, logLineText) });
    }), 'seedfleet devices log laptop-7', 'seedfleet devices log laptop-7 --follow -o jsonl');

  examples(devices.command('timeline <device>')
    .description('what happened to a device and came of it, newest first')
    .option('--limit <count>', 'entries', numberValue, 50)
    .action(async (word: string, { limit }: { limit: number }) => {
      const client = await shell.client();
      const { items } = await client.json(routes.listDeviceTimeline, { params: { id: await deviceNamed(client, word) }, query: { limit } });
      shell.printer.value({ items }, () => timelineTable(items));
    }), 'seedfleet devices timeline laptop-7');
}

/** @returns the sequence of the last line shown */
function showLines(lines: readonly DeviceLogLine[], { after, show }: { after: number; show: (line: DeviceLogLine) => void }): number {
  for (const line of lines) show(line);
  return lines.at(-1)?.sequence ?? after;
}
