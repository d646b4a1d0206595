import { type deviceFilterFields, type Filter, type FilterTerm } from '@seedfleet/protocol';
import { ageCondition, numberCondition, textCondition } from '../database/filter-conditions.js';
import { type Prisma } from '../database/generated/client.js';

type Field = keyof typeof deviceFilterFields;
export type DeviceFilter = Filter<Field>;

/** What a filter's words mean here: the time that ages are counted back from, and the filter of each dynamic group. */
export interface FilterContext {
  now: Date;
  /** by group name: null for a static group; a name that is not there is no group, and nothing is in it */
  groups: ReadonlyMap<string, DeviceFilter | null>;
}

/** The condition on `devices` that holds where `filterMatches` does: the property test compares the two. */
export function deviceWhere(filter: DeviceFilter, context: FilterContext): Prisma.DeviceWhereInput {
  return { AND: filter.map((term) => conditionOf(term, context)) };
}

function conditionOf(term: FilterTerm<Field>, context: FilterContext): Prisma.DeviceWhereInput {
  const { field, comparison, values } = term;
  switch (field) {
    case 'name': return textCondition('name', term, { nullable: false });
    case 'platform': return textCondition('platform', term, { nullable: true });
    case 'worker': return textCondition('workerVersion', term, { nullable: true });
    case 'state': return negated(comparison, { state: { in: [...values] } });
    case 'online': return negated(comparison, { OR: [{ connected: true, AND: values.includes('yes') ? {} : nothing }, { connected: false, AND: values.includes('no') ? {} : nothing }] });
    case 'tag': return negated(comparison, { tags: { hasSome: [...values] } });
    case 'group': return negated(comparison, { OR: values.map((name) => groupCondition(name, context)) });
    case 'seen': return ageCondition('lastSeenAt', term, context.now);
    case 'threads': return numberCondition('threads', term, { nullable: true });
    case 'memory': return numberCondition('memoryMegabytes', term, { nullable: true });
    case 'step': return numberCondition('forwardMs', term, { nullable: true });
    case 'peak': return numberCondition('peakMegabytes', term, { nullable: true });
    case 'dataset': return negated(comparison, { datasetNames: { hasSome: [...values] } });
    case 'task': return negated(comparison, { datasetTasks: { hasSome: [...values] } });
    case 'enrolled': return ageCondition('enrolledAt', term, context.now);
  }
}

const nothing: Prisma.DeviceWhereInput = { id: { in: [] } };
const negated = (comparison: string, condition: Prisma.DeviceWhereInput): Prisma.DeviceWhereInput => (comparison.startsWith('!') ? { NOT: condition } : condition);

function groupCondition(name: string, context: FilterContext): Prisma.DeviceWhereInput {
  const filter = context.groups.get(name);
  if (filter === undefined) return nothing;
  return filter === null ? { groups: { some: { group: { name } } } } : deviceWhere(filter, context);
}
