import { z } from 'zod';
import { type OperatorRole } from '../rest/operators.js';
import { event, type EventDefinition } from './event.js';

/** What can change under an operator who looks at it, and who may hear of it: those who may list it. The order is the number on the wire: append only. */
export const changeKinds = {
  device: 'viewer', run: 'viewer', round: 'viewer', alert: 'viewer', group: 'viewer', model: 'viewer', 'alert-rule': 'viewer',
  'enrolment-token': 'operator', 'alert-channel': 'operator', 'audit-entry': 'operator', operator: 'admin',
} as const satisfies Record<string, OperatorRole>;
export type ChangeKind = keyof typeof changeKinds;

/** Ids of one kind in one message; above that none is named, and all of the kind may have changed. */
export const changeIdsMax = 32;

/** Something changed: read again what shows it. Kinds and ids, never what changed or to what. Of a round the id is its run. */
export const fleetChanged = event({
  number: 100,
  from: 'coordinator',
  message: z.strictObject({
    changes: z.array(z.strictObject({
      kind: z.enum(Object.keys(changeKinds) as [ChangeKind, ...ChangeKind[]]),
      /** empty: many */
      ids: z.array(z.string().max(64)).max(changeIdsMax),
    })).max(Object.keys(changeKinds).length),
  }),
  ack: null,
  refusals: [],
});
export type FleetChange = z.infer<typeof fleetChanged.message>['changes'][number];

/** Every event between the coordinator and an operator's console, by name. Numbers from 100 on are theirs. */
export const liveEvents = { 'fleet:changed': fleetChanged } as const satisfies Record<string, EventDefinition>;
/** What a console hears: event map for the types of socket.io. */
export interface LiveEventMap { 'fleet:changed': (message: { changes: FleetChange[] }) => void }

/** First part of a path behind the prefix of the API, and what is changed below it. */
const kindsOfPaths: Record<string, readonly ChangeKind[]> = {
  devices: ['device'], runs: ['run'], groups: ['group'], models: ['model'], alerts: ['alert'], 'alert-rules': ['alert-rule'], 'alert-channels': ['alert-channel'],
  'enrolment-tokens': ['enrolment-token'], operators: ['operator'],
};

/** What a request to a changing route of this path changes. @param path of the route table */
export function kindsChangedBy(path: string): readonly ChangeKind[] {
  if (path.endsWith('/previews')) return [];
  // A device that comes to ask for a credential changes nothing yet.
  if (path.startsWith('/api/v1/device/')) return path.endsWith('/enrolments') ? ['device'] : [];
  return kindsOfPaths[path.split('/')[3] ?? ''] ?? [];
}
