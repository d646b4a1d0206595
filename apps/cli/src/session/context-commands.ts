import { type Command } from 'commander';
import { tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { readSessions, requireContext, saveSessions } from './session-file.js';

/** Saved logins, for operators of several coordinators. */
export function addContextCommands(program: Command, shell: Shell): void {
  const contexts = examples(program.command('contexts').description('saved logins, for several coordinators'), 'seedfleet contexts list');

  examples(contexts.command('list')
    .description('list the saved logins; none of their tokens is shown')
    .action(async () => {
      const saved = await readSessions(shell.surroundings);
      const items = Object.entries(saved.contexts).map(([name, { url }]) => ({ name, url, current: name === saved.current }));
      shell.printer.value({ items }, () => tableOf({
        head: ['', 'NAME', 'COORDINATOR'], rows: items.map(({ name, url, current }) => [current ? '*' : '', name, url]), empty: 'No saved logins. Make one with `seedfleet login`.',
      }));
    }), 'seedfleet contexts list', 'seedfleet contexts list -o yaml');

  examples(contexts.command('use <name>')
    .description('use this login where --context is not given')
    .action(async (name: string) => {
      const saved = await readSessions(shell.surroundings);
      const { url } = requireContext(saved, name);
      await saveSessions(shell.surroundings, { ...saved, current: name });
      shell.printer.value({ name, url, current: true }, () => `Commands go to ${url} now.`);
    }), 'seedfleet contexts use production');

  examples(contexts.command('remove <name>')
    .description('forget a saved login; the token stays good until it is revoked at the coordinator')
    .action(async (name: string) => {
      const saved = await readSessions(shell.surroundings);
      const { url } = requireContext(saved, name);
      const contexts = Object.fromEntries(Object.entries(saved.contexts).filter(([other]) => other !== name));
      await saveSessions(shell.surroundings, { current: saved.current === name ? null : saved.current, contexts });
      shell.printer.value({ name, url, removed: true }, () => `The login ${name} (${url}) is forgotten.`);
    }), 'seedfleet contexts remove staging');
}
