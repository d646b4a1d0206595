import { type Filter, type FilterTerm, type runFilterFields } from '@seedfleet/protocol';
import { ageCondition, numberCondition, textCondition } from '../database/filter-conditions.js';
import { type Prisma } from '../database/generated/client.js';

type Field = keyof typeof runFilterFields;

/** The condition on `runs` that holds where `filterMatches` does. @param now what ages are counted back from */
export function runWhere(filter: Filter<Field>, now: Date): Prisma.RunWhereInput {
  return { AND: filter.map((term) => conditionOf(term, now)) };
}

function conditionOf(term: FilterTerm<Field>, now: Date): Prisma.RunWhereInput {
  switch (term.field) {
    case 'name': return textCondition('name', term, { nullable: false });
    case 'state': return textCondition('state', term, { nullable: false });
    case 'cause': return textCondition('cause', term, { nullable: true });
    case 'model': return textCondition('modelId', term, { nullable: false });
    case 'round': return numberCondition('round', term, { nullable: false });
    case 'created': return ageCondition('createdAt', term, now);
    case 'started': return ageCondition('startedAt', term, now);
    case 'ended': return ageCondition('endedAt', term, now);
  }
}
