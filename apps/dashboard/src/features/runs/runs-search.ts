/** What the list of runs keeps in its address. */
export interface RunsSearch { filter?: string; cursor?: string }

export function runsSearch(raw: Record<string, unknown>): RunsSearch {
  const { filter, cursor } = raw;
  return { ...(typeof filter === 'string' && filter !== '' ? { filter } : {}), ...(cursor === undefined || cursor === '' ? {} : { cursor: String(cursor) }) };
}
