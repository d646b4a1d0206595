import { appendFile, writeFile } from 'node:fs/promises';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { routes } from '@seedfleet/protocol';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { type Declared } from './declared-file.js';
import { type Present, type Step } from './plan.js';

/** Everything that a plan is made on. */
export async function readPresent(client: CoordinatorClient): Promise<Present> {
  const [groups, alertRules, alertChannels, enrolmentTokens] = await Promise.all([
    client.json(routes.listGroups), client.json(routes.listAlertRules), client.json(routes.listAlertChannels), client.json(routes.listEnrolmentTokens),
  ]);
  return { groups: groups.items, alertRules: alertRules.items, alertChannels: alertChannels.items, enrolmentTokens: enrolmentTokens.items };
}

/**
 * Does what the plan says, one step after the other. A change is refused if somebody made another one since the plan.
 * @param tokensTo file that new enrolment tokens are written to, mode 0600: they are shown this once @param done told of each step
 * @throws FleetError `request.stale`; what the coordinator refused: the steps before are done, and the same file can be applied again
 */
export async function performPlan(client: CoordinatorClient, { steps, declared, present, tokensTo, done }: { steps: readonly Step[]; declared: Declared; present: Present; tokensTo: string | undefined; done: (step: Step) => void }): Promise<void> {
  const groupIds = new Map(present.groups.map(({ id, name }) => [name, id]));
  const channelIds = new Map(present.alertChannels.map(({ id, name }) => [name, id]));
  const idOf = (step: Step) => ({ params: { id: step.id ?? '' }, ...(step.revision === null ? {} : { ifMatch: step.revision }) });
  for (const step of steps) {
    switch (`${step.kind} ${step.action}`) {
      case 'group create': {
        const { id } = await client.json(routes.createGroup, { body: declaredOf(declared.groups, step) });
        groupIds.set(step.name, id);
        break;
      }
      case 'group change': await client.json(routes.changeGroup, { ...idOf(step), body: declaredOf(declared.groups, step) }); break;
      case 'group delete': await client.nothing(routes.deleteGroup, idOf(step)); break;
      case 'alert-rule create': case 'alert-rule change': {
        const { channels, ...rule } = declaredOf(declared.alertRules, step);
        const body = { ...rule, channels: channels.map((name) => channelIds.get(name) ?? name) };
        await (step.action === 'create' ? client.json(routes.createAlertRule, { body }) : client.json(routes.changeAlertRule, { ...idOf(step), body }));
        break;
      }
      case 'alert-rule delete': await client.nothing(routes.deleteAlertRule, idOf(step)); break;
      case 'enrolment-token create': case 'enrolment-token change': {
        const { group, ...token } = declaredOf(declared.enrolmentTokens, step);
        const { token: secret } = await client.json(routes.createEnrolmentToken, { body: { ...token, ...(group === undefined ? {} : { group: groupIds.get(group) ?? group }) } });
        await appendFile(requireFile(tokensTo), `${step.name} ${secret}\n`);
        // A token never changes: the new one is there before the old one ends.
        if (step.action === 'change') await client.nothing(routes.deleteEnrolmentToken, { params: { id: step.id ?? '' } });
        break;
      }
      case 'enrolment-token delete': await client.nothing(routes.deleteEnrolmentToken, { params: { id: step.id ?? '' } }); break;
      default: continue;
    }
    done(step);
  }
}

/** New enrolment tokens are good for nothing if nobody learns them: their file is there before they are. @throws FleetError `command.invalid` */
export async function makeRoomForTokens(steps: readonly Step[], tokensTo: string | undefined): Promise<void> {
  const made = steps.filter(({ kind, action }) => kind === 'enrolment-token' && (action === 'create' || action === 'change'));
  if (made.length === 0) return;
  if (tokensTo === undefined) throw new FleetError('command.invalid', { field: '--tokens-to', problem: `New enrolment tokens (${made.map(({ name }) => name).join(', ')}) are shown once.`, fix: 'Name a file for them: --tokens-to FILE. It is made for its owner only.' });
  try {
    await writeFile(tokensTo, '', { flag: 'a', mode: 0o600 });
  } catch (cause) {
    throw new FleetError('command.invalid', { field: '--tokens-to', problem: `${tokensTo} cannot be written.`, cause });
  }
}

function requireFile(tokensTo: string | undefined): string {
  if (tokensTo === undefined) throw new InvariantError('a token is made and has no place to go');
  return tokensTo;
}

function declaredOf<T extends { name: string }>(things: readonly T[] | undefined, { name }: Step): T {
  const found = things?.find((thing) => thing.name === name);
  if (found === undefined) throw new InvariantError('a step of something that the file does not have');
  return found;
}
