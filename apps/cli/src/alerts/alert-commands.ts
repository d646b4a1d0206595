import { FleetError } from '@seedfleet/errors';
import { alertTypes, routes, type Alert, type AlertChannel, type AlertCondition, type AlertRule } from '@seedfleet/protocol';
import { Option, type Command } from 'commander';
import { allPages } from '../coordinator/all-pages.js';
import { exitCodes } from '../terminal/exit-code.js';
import { sheetOf, tableOf } from '../terminal/printer.js';
import { examples, listValue, numberValue, type Shell } from '../terminal/shell.js';

interface RuleOptions { name: string; type: AlertCondition['type']; minutes?: number; hours?: number; evaluations?: number; share?: number; rounds?: number; channels: string[] }

export function addAlertCommands(program: Command, shell: Shell): void {
  const alerts = examples(program.command('alerts').description('what went wrong, and who hears of it'), 'seedfleet alerts list --open');
  examples(alerts.command('list').description('list alerts, newest first')
    .option('--open', 'only those that go on')
    .action(async ({ open }: { open?: boolean }) => {
      const client = await shell.client();
      const items = await allPages((cursor) => client.json(routes.listAlerts, { query: { cursor, ...(open ? { open: 'yes' } : {}) } }));
      shell.printer.value({ items }, () => alertTable(items));
    }), 'seedfleet alerts list --open', 'seedfleet alerts list -o jsonl');
  addRuleCommands(alerts, shell);
  addChannelCommands(alerts, shell);
}

function addRuleCommands(alerts: Command, shell: Shell): void {
  examples(alerts.command('rules').description('list what is watched for').action(async () => {
    shell.printer.value(await (await shell.client()).json(routes.listAlertRules), ({ items }) => ruleTable(items));
  }), 'seedfleet alerts rules');

  examples(alerts.command('watch').description('watch for something')
    .requiredOption('--name <name>', 'what the alert is called')
    .addOption(new Option('--type <type>', 'what to watch for').choices(alertTypes).makeOptionMandatory())
    .option('--minutes <minutes>', 'round-stalled: without a commit for so long', numberValue)
    .option('--hours <hours>', 'device-gone: not seen for so long', numberValue)
    .option('--evaluations <count>', 'loss-rising: in so many evaluations in a row', numberValue)
    .option('--share <share>', 'participation-low: reports of devices asked, budget: what is spent of it; from 0 to 1', numberValue)
    .option('--rounds <count>', 'participation-low: in so many rounds', numberValue)
    .option('--channels <ids>', 'who hears of it, with commas between them', listValue, [])
    .action(async ({ name, channels, ...condition }: RuleOptions) => {
      const rule = await (await shell.client()).json(routes.createAlertRule, { body: { name, channels, condition } });
      shell.printer.value(rule, ruleSheet);
    }), 'seedfleet alerts watch --name stalled --type round-stalled --minutes 10 --channels chn_3kX9', 'seedfleet alerts watch --name quiet --type participation-low --share 0.5 --rounds 5', 'seedfleet alerts watch --name spent --type budget --share 0.8');

  examples(alerts.command('silence <rule>').description('let channels hear nothing of a rule for a while; 0 ends that')
    .requiredOption('--seconds <seconds>', 'how long', numberValue)
    .action(async (id: string, { seconds }: { seconds: number }) => {
      shell.printer.value(await (await shell.client()).json(routes.silenceAlertRule, { params: { id }, body: { seconds } }), ruleSheet);
    }), 'seedfleet alerts silence rul_8Qm2 --seconds 3600');

  examples(alerts.command('unwatch <rule>').description('end a rule; its alerts stay in the history')
    .action(async (id: string) => {
      if (!await shell.confirmed(`End alert rule ${id}`)) return;
      await (await shell.client()).nothing(routes.deleteAlertRule, { params: { id } });
      shell.printer.value({ id, deleted: true }, () => `Rule ${id} is ended.`);
    }), 'seedfleet alerts unwatch rul_8Qm2 --yes');
}

function addChannelCommands(alerts: Command, shell: Shell): void {
  examples(alerts.command('channels').description('list who hears of alerts').action(async () => {
    shell.printer.value(await (await shell.client()).json(routes.listAlertChannels), ({ items }) => channelTable(items));
  }), 'seedfleet alerts channels');

  examples(alerts.command('add-channel').description('a webhook or a mail address that hears of alerts; the secret of a webhook is shown this once')
    .requiredOption('--name <name>', 'what it is called')
    .option('--webhook <url>', 'where to post to')
    .option('--email <address>', 'where to write to')
    .action(async ({ name, webhook, email }: { name: string; webhook?: string; email?: string }) => {
      if ((webhook === undefined) === (email === undefined)) throw new FleetError('command.invalid', { field: '--webhook', problem: 'Give either --webhook or --email.' });
      const body = webhook === undefined ? { type: 'email', name, to: email } : { type: 'webhook', name, url: webhook };
      const made = await (await shell.client()).json(routes.createAlertChannel, { body });
      shell.printer.value(made, ({ id, type, target, secret }) => sheetOf({ id, type, to: target, ...(secret === null ? {} : { secret }) }));
    }), 'seedfleet alerts add-channel --name chat --webhook https://chat.example.org/hook', 'seedfleet alerts add-channel --name "on call" --email ada@example.org');

  examples(alerts.command('test <channel>').description('send a test message now')
    .action(async (id: string) => {
      const result = await (await shell.client()).json(routes.testAlertChannel, { params: { id } });
      if (!result.delivered) shell.exitCode = exitCodes.problemsFound;
      shell.printer.value(result, ({ delivered, problem }) => (delivered ? 'PASSED: the message was taken.' : `FAILED: ${problem ?? 'no reason is known'}`));
    }), 'seedfleet alerts test chn_3kX9');

  examples(alerts.command('remove-channel <channel>').description('end a channel')
    .action(async (id: string) => {
      if (!await shell.confirmed(`End alert channel ${id}`)) return;
      await (await shell.client()).nothing(routes.deleteAlertChannel, { params: { id } });
      shell.printer.value({ id, deleted: true }, () => `Channel ${id} is ended.`);
    }), 'seedfleet alerts remove-channel chn_3kX9 --yes');
}

function alertTable(alerts: Alert[]): string {
  return tableOf({ head: ['SINCE', 'OVER', 'RULE', 'WHAT'], rows: alerts.map(({ firedAt, resolvedAt, ruleName, summary }) => [firedAt, resolvedAt, ruleName, summary]), empty: 'No alerts.' });
}

function ruleTable(rules: AlertRule[]): string {
  return tableOf({ head: ['ID', 'NAME', 'WATCHES FOR', 'CHANNELS', 'SILENT UNTIL'], rows: rules.map((rule) => [rule.id, rule.name, conditionText(rule.condition), rule.channels.join(' '), rule.silencedUntil]), empty: 'Nothing is watched for. See `seedfleet alerts watch --help`.' });
}

function ruleSheet({ id, name, condition, channels, silencedUntil }: AlertRule): string {
  return sheetOf({ id, name, 'watches for': conditionText(condition), channels: channels.join(' '), 'silent until': silencedUntil });
}

const conditionText = ({ type, ...bounds }: AlertCondition) => [type, ...Object.entries(bounds).map(([name, value]) => `${name} ${value}`)].join(', ');

function channelTable(channels: AlertChannel[]): string {
  return tableOf({ head: ['ID', 'NAME', 'TYPE', 'TO', 'LAST PROBLEM'], rows: channels.map((channel) => [channel.id, channel.name, channel.type, channel.target, channel.lastProblem]), empty: 'Nobody hears of alerts. See `seedfleet alerts add-channel --help`.' });
}
