import { type deviceFilterFields, type Filter, type FilterTerm } from '@seedfleet/protocol';
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
    case 'name': return textCondition('name', term);
    case 'platform': return textCondition('platform', term);
    case 'worker': return textCondition('workerVersion', term);
    case 'state': return negated(comparison, { state: { in: [...values] } });
    case 'online': return negated(comparison, { OR: [{ connected: true, AND: values.includes('yes') ? {} : nothing }, { connected: false, AND: values.includes('no') ? {} : nothing }] });
    case 'tag': return negated(comparison, { tags: { hasSome: [...values] } });
    case 'group': return negated(comparison, { OR: values.map((name) => groupCondition(name, context)) });
    case 'seen': return ageCondition('lastSeenAt', term, context);
    case 'threads': return numberCondition('threads', term);
    case 'memory': return numberCondition('memoryMegabytes', term);
    case 'step': return numberCondition('forwardMs', term);
    case 'peak': return numberCondition('peakMegabytes', term);
    case 'enrolled': return ageCondition('enrolledAt', term, context);
  }
}

const nothing: Prisma.DeviceWhereInput = { id: { in: [] } };
const negated = (comparison: string, condition: Prisma.DeviceWhereInput): Prisma.DeviceWhereInput => (comparison.startsWith('!') ? { NOT: condition } : condition);

/** NULL is like nothing: `NOT` around a plain comparison would leave those rows out, as SQL knows three answers. */
function textCondition(column: 'name' | 'platform' | 'workerVersion', { comparison, values }: FilterTerm): Prisma.DeviceWhereInput {
  const holds: Prisma.DeviceWhereInput = comparison.endsWith('~')
    ? { OR: values.map((value) => ({ [column]: { contains: likeLiteral(value), mode: 'insensitive' } })) }
    : { [column]: { in: [...values] } };
  if (!comparison.startsWith('!')) return holds;
  return column === 'name' ? { NOT: holds } : { OR: [{ [column]: null }, { NOT: holds }] };
}

/** Prisma hands `%`, `_` and `\` of `contains` on to LIKE as they are. */
const likeLiteral = (value: string) => value.replace(/[\\%_]/g, '\\$&');

/** Younger means later: the comparison turns around. */
function ageCondition(column: 'lastSeenAt' | 'enrolledAt', { comparison, numbers: [ageMs = 0] }: FilterTerm, { now }: FilterContext): Prisma.DeviceWhereInput {
  const at = new Date(now.getTime() - ageMs);
  const operator = ({ '<': 'gt', '<=': 'gte', '>': 'lt', '>=': 'lte' } as const)[comparison as '<' | '<=' | '>' | '>='];
  return { [column]: { [operator]: at } };
}

type NumberColumn = 'threads' | 'memoryMegabytes' | 'forwardMs' | 'peakMegabytes';

function numberCondition(column: NumberColumn, { comparison, numbers }: FilterTerm): Prisma.DeviceWhereInput {
  switch (comparison) {
    case '=': return { [column]: { in: [...numbers] } };
    case '!=': return { OR: [{ [column]: null }, { NOT: { [column]: { in: [...numbers] } } }] };
    default: return { [column]: { [({ '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' } as const)[comparison as '<' | '<=' | '>' | '>=']]: numbers[0] } };
  }
}

function groupCondition(name: string, context: FilterContext): Prisma.DeviceWhereInput {
  const filter = context.groups.get(name);
  if (filter === undefined) return nothing;
  return filter === null ? { groups: { some: { group: { name } } } } : deviceWhere(filter, context);
}
