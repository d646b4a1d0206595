import { FleetError } from '@seedfleet/errors';
import { canaryFailures, memberships, routes, type Group, type RunRequest } from '@seedfleet/protocol';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { listValue, numberValue, runNumber } from '../terminal/shell.js';

/** Who takes part, on whom it is tried first, when it starts: what a run is asked to be beyond its settings. */
export interface PlanOptions {
  devices?: string[];
  group?: string;
  membership: (typeof memberships)[number];
  canaryRounds?: number;
  canaryDevices?: number;
  canaryShare?: number;
  canaryGroup?: string;
  canaryDepartures: number;
  canaryFailure: (typeof canaryFailures)[number];
  startAt?: string;
  after?: number;
  whenFree?: boolean;
}

/** Devices of a canary where nothing says how many. */
const canaryDevicesDefault = 3;

type Plan = Pick<RunRequest, 'devices' | 'group' | 'canary' | 'startAt' | 'after' | 'whenFree'>;

export function addPlanOptions(command: Command): Command {
  return command
    .option('--devices <ids>', 'only these devices, with commas between (default: all active ones)', listValue)
    .option('--group <id-or-name>', 'only the devices of this group')
    .addOption(new Option('--membership <how>', 'followed: also those that come into the group later, and nobody who left it; frozen: those of the start').choices(memberships).default('followed'))
    .option('--canary-rounds <count>', 'so many rounds on few devices first; the others are asked once the loss did not rise', numberValue)
    .option('--canary-devices <count>', 'canary: how many devices (default: 3)', numberValue)
    .option('--canary-share <share>', 'canary: which share of the devices, from 0 to 1', numberValue)
    .option('--canary-group <id-or-name>', 'canary: only devices of this group; all of them where no number is given')
    .option('--canary-departures <share>', 'canary: share of the devices asked that may leave or stay silent', numberValue, 0.25)
    .addOption(new Option('--canary-failure <what>', 'canary: what becomes of the run if it did not go well').choices(canaryFailures).default('pause'))
    .option('--start-at <time>', 'start then, as 2026-11-26T03:00:00Z, or in local time without the Z', instantValue)
    .option('--after <run>', 'start once this run has ended', runNumber)
    .option('--when-free', 'start once no other run works with its devices');
}

/** What the flags say, with groups looked up by name. @throws FleetError `command.invalid`, `request.not-found` */
export async function planOf(client: CoordinatorClient, options: PlanOptions): Promise<Plan> {
  const { devices, group, membership, startAt, after, whenFree } = options;
  return {
    ...(devices === undefined ? {} : { devices }),
    ...(group === undefined ? {} : { group: { id: (await findGroup(client, group, '--group')).id, membership } }),
    ...await canaryOf(client, options),
    ...(startAt === undefined ? {} : { startAt }), ...(after === undefined ? {} : { after }), ...(whenFree === true ? { whenFree } : {}),
  };
}

async function canaryOf(client: CoordinatorClient, options: PlanOptions): Promise<Pick<RunRequest, 'canary'>> {
  const { canaryRounds: rounds, canaryDevices, canaryShare: share, canaryGroup, canaryDepartures: departuresMax, canaryFailure: onFailure } = options;
  if (rounds === undefined) {
    if ((canaryDevices ?? share ?? canaryGroup) !== undefined) throw new FleetError('command.invalid', { field: '--canary-rounds', problem: 'A canary needs --canary-rounds.' });
    return {};
  }
  const group = canaryGroup === undefined ? undefined : (await findGroup(client, canaryGroup, '--canary-group')).id;
  const devices = canaryDevices ?? (share === undefined && group === undefined ? canaryDevicesDefault : undefined);
  return { canary: { rounds, ...(devices === undefined ? {} : { devices }), ...(share === undefined ? {} : { share }), ...(group === undefined ? {} : { group }), departuresMax, onFailure } };
}

/** @throws FleetError `request.not-found` */
async function findGroup(client: CoordinatorClient, idOrName: string, flag: string): Promise<Group> {
  const { items } = await client.json(routes.listGroups);
  const found = items.find(({ id }) => id === idOrName) ?? items.find(({ name }) => name === idOrName);
  if (found === undefined) throw new FleetError('request.not-found', { field: flag, problem: `The coordinator has no group of id or name ${idOrName}.`, fix: '`seedfleet groups list` shows the groups.' });
  return found;
}

function instantValue(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('Expected a time such as 2026-11-26T03:00:00Z.');
  return at.toISOString();
}
