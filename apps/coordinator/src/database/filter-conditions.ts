import { type FilterTerm } from '@seedfleet/protocol';

/** Conditions that Prisma takes for a column of any table, one for each kind of field of a filter. Each holds where `filterMatches` does. */

/** A filter knows two answers, SQL three: NULL is like nothing, and a plain `NOT` would leave those rows out. */
export function textCondition(column: string, { comparison, values }: FilterTerm, { nullable }: { nullable: boolean }) {
  const holds = comparison.endsWith('~')
    ? { OR: values.map((value) => ({ [column]: { contains: likeLiteral(value), mode: 'insensitive' as const } })) }
    : { [column]: { in: [...values] } };
  if (!comparison.startsWith('!')) return holds;
  return nullable ? { OR: [{ [column]: null }, { NOT: holds }] } : { NOT: holds };
}

/** Prisma hands `%`, `_` and `\` of `contains` on to LIKE as they are. */
const likeLiteral = (value: string) => value.replace(/[\\%_]/g, '\\$&');

export function numberCondition(column: string, { comparison, numbers }: FilterTerm, { nullable }: { nullable: boolean }) {
  const holds = { [column]: { in: [...numbers] } };
  if (comparison === '=') return holds;
  if (comparison === '!=') return nullable ? { OR: [{ [column]: null }, { NOT: holds }] } : { NOT: holds };
  return { [column]: { [operators[orderOf(comparison)]]: numbers[0] } };
}

/** Younger means later: the comparison turns around. @param now what ages are counted back from */
export function ageCondition(column: string, { comparison, numbers: [ageMs = 0] }: FilterTerm, now: Date) {
  return { [column]: { [turned[orderOf(comparison)]]: new Date(now.getTime() - ageMs) } };
}

const operators = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte' } as const;
const turned = { '<': 'gt', '<=': 'gte', '>': 'lt', '>=': 'lte' } as const;

function orderOf(comparison: string): keyof typeof operators {
  const found = (['<', '<=', '>', '>='] as const).find((known) => known === comparison);
  if (found === undefined) throw new RangeError(`${comparison} orders nothing`);
  return found;
}
