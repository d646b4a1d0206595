import { FleetError } from '@seedfleet/errors';
import { z } from 'zod';
import { parseFilter, type FilterFields } from './filter.js';

/** Schema of a filter as text; its problem says where it cannot be read. @param fields what may stand in it */
export const filterText = (fields: FilterFields) => z.string().max(1_000).refine((text) => {
  try {
    return parseFilter(text, fields).length >= 0;
  } catch {
    return false;
  }
}, { error: ({ input }) => problemOfFilter(String(input), fields) });

function problemOfFilter(text: string, fields: FilterFields): string {
  try {
    parseFilter(text, fields);
    return '';
  } catch (error) {
    return error instanceof FleetError ? error.problem : 'cannot be read';
  }
}
