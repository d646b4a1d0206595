import { routes, type ChangeKind, type FleetChange, type RouteName } from '@seedfleet/protocol';

/** What is read anew after a change: routes below these paths of the API. */
const pathsOf: Record<ChangeKind, readonly string[]> = {
  device: ['devices', 'groups', 'enrolment-tokens', 'runs/:id/assignments'], run: ['runs', 'artifacts'], round: ['runs'],
  alert: ['alerts'], group: ['groups', 'devices'], model: ['models'], 'alert-rule': ['alert-rules', 'alerts'], 'alert-channel': ['alert-channels', 'alert-rules'],
  'enrolment-token': ['enrolment-tokens'], 'audit-entry': ['audit-entries'], operator: ['operators', 'whoami', 'session'],
};
const prefix = '/api/v1/';

/** Whether an answer that is kept under this key may be another one after the change. A key that names no route may hold anything. */
export function isTouched(key: readonly unknown[], { kind, ids }: FleetChange): boolean {
  const name = key.find((part): part is RouteName => typeof part === 'string' && Object.hasOwn(routes, part));
  if (name !== undefined) {
    const { path } = routes[name];
    if (!pathsOf[kind].some((known) => path === prefix + known || path.startsWith(`${prefix}${known}/`))) return false;
  }
  const id = kind === 'run' || kind === 'round' ? runOf(key) : null;
  return id === null || ids.length === 0 || ids.includes(id);
}

/** The run that an answer is about, if it is about one. */
function runOf(key: readonly unknown[]): string | null {
  for (const part of key) {
    if (typeof part === 'number') return String(part);
    if (typeof part === 'object' && part !== null && 'params' in part && typeof part.params === 'object' && part.params !== null && 'id' in part.params) return String(part.params.id);
  }
  return null;
}
