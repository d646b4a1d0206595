import { FleetError } from '@seedfleet/errors';
import { canonicalBytes } from '@seedfleet/ledger';
import { type AlertChannel, type AlertRule, type EnrolmentToken, type Group } from '@seedfleet/protocol';
import { type Declared } from './declared-file.js';

/** What a coordinator has now. */
export interface Present { groups: Group[]; alertRules: AlertRule[]; alertChannels: AlertChannel[]; enrolmentTokens: EnrolmentToken[] }

export interface FieldChange { field: string; from: unknown; to: unknown }

/** One thing of the file, or one that it no longer names, and what has to happen to it. */
export interface Step {
  kind: 'group' | 'alert-rule' | 'enrolment-token';
  name: string;
  action: 'create' | 'change' | 'delete' | 'none';
  changes: FieldChange[];
  /** null: it does not exist yet */
  id: string | null;
  /** that the plan was made on; null where a thing has none */
  revision: number | null;
}

/**
 * What makes the coordinator have what the file declares: groups first, as tokens refer to them; deletions last. Pure, so that `diff` and
 * `apply` say the same.
 * @param prune whether what the file does not name, in a section that it has, is deleted
 * @throws FleetError `command.invalid` where a name is unclear or refers to nothing
 */
export function planOf(declared: Declared, present: Present, { prune }: { prune: boolean }): Step[] {
  const groupNames = new Map(present.groups.map(({ id, name }) => [id, name]));
  const channelNames = new Map(present.alertChannels.map(({ id, name }) => [id, name]));
  for (const { name, channels } of declared.alertRules ?? []) for (const channel of channels) requireKnown(channel, [...channelNames.values()], { field: 'alertRules', what: `Alert rule ${name} tells channel "${channel}"` });
  for (const { name, group } of declared.enrolmentTokens ?? []) {
    if (group !== undefined) requireKnown(group, [...groupNames.values(), ...(declared.groups ?? []).map((made) => made.name)], { field: 'enrolmentTokens', what: `Enrolment token ${name} puts devices into group "${group}"` });
  }
  const steps = [
    ...stepsOf('group', { declared: declared.groups, present: present.groups, wanted: ({ filter }) => ({ filter }), is: ({ filter }) => ({ filter }) }),
    ...stepsOf('alert-rule', {
      declared: declared.alertRules, present: present.alertRules,
      wanted: ({ condition, channels }) => ({ condition, channels: sorted(channels) }),
      is: ({ condition, channels }) => ({ condition, channels: sorted(channels.map((id) => channelNames.get(id) ?? id)) }),
    }),
    ...stepsOf('enrolment-token', {
      // The one-time way back of a wiped device is nobody's to declare.
      declared: declared.enrolmentTokens, present: present.enrolmentTokens.filter(({ returning }) => returning === null),
      wanted: ({ usesMax, approval, group, expiresInSeconds }) => ({ usesMax, approval, group: group ?? null, expiresInSeconds }),
      is: ({ usesMax, approval, group, createdAt, expiresAt }) => ({ usesMax, approval, group: group === null ? null : groupNames.get(group) ?? group, expiresInSeconds: Math.round((Date.parse(expiresAt) - Date.parse(createdAt)) / 1_000) }),
    }),
  ];
  return [...steps.filter(({ action }) => action !== 'delete'), ...(prune ? steps.filter(({ action }) => action === 'delete').reverse() : [])];
}

type Fields = Record<string, unknown>;

interface Section<D, P> {
  /** undefined: the file does not have the section */
  declared: readonly D[] | undefined;
  present: readonly P[];
  /** fields that are compared: as the file wants them, as they are */
  wanted: (declared: D) => Fields;
  is: (present: P) => Fields;
}

function stepsOf<D extends { name: string }, P extends { id: string; name: string | null; revision?: number }>(kind: Step['kind'], { declared, present, wanted, is }: Section<D, P>): Step[] {
  if (declared === undefined) return [];
  const named = declared.map((thing): Step => {
    const [found, ...more] = present.filter(({ name }) => name === thing.name);
    if (more.length > 0) throw new FleetError('command.invalid', { field: kind, problem: `The coordinator has ${more.length + 1} things of kind ${kind} called "${thing.name}": which one is meant is unclear.`, fix: 'Delete or rename all but one of them.' });
    if (found === undefined) return { kind, name: thing.name, action: 'create', changes: changesOf({}, wanted(thing)), id: null, revision: null };
    const changes = changesOf(is(found), wanted(thing));
    return { kind, name: thing.name, action: changes.length === 0 ? 'none' : 'change', changes, id: found.id, revision: found.revision ?? null };
  });
  const names = new Set(declared.map(({ name }) => name));
  const others = present.filter(({ name }) => name !== null && !names.has(name)).map((thing): Step => ({ kind, name: thing.name ?? thing.id, action: 'delete', changes: [], id: thing.id, revision: thing.revision ?? null }));
  return [...named, ...others];
}

function changesOf(before: Fields, after: Fields): FieldChange[] {
  return Object.entries(after).filter(([field, to]) => canonicalJson(before[field]) !== canonicalJson(to)).map(([field, to]) => ({ field, from: before[field] ?? null, to }));
}

/** Whatever the order that a file gives the fields of a condition in. */
const canonicalJson = (value: unknown) => (value === undefined ? '' : new TextDecoder().decode(canonicalBytes(value)));

const sorted = (texts: readonly string[]) => [...texts].sort();

function requireKnown(name: string, known: readonly string[], { field, what }: { field: string; what: string }): void {
  if (!known.includes(name)) throw new FleetError('command.invalid', { field, problem: `${what}, which there is not.`, fix: `Make it first, or name one of: ${known.join(', ') || 'none yet'}.` });
}
