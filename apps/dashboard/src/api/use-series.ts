import { type RunSeries, type SeriesName } from '@seedfleet/protocol';
import { keepPreviousData, useQueries, useQuery, type UseQueryOptions } from '@tanstack/react-query';
import { useSession } from '../session/session';
import { type SeriesSearch } from '../shell/search';
import { fetchRoute } from './fetch-route';

export interface WantedSeries {
  id: number | string;
  /** whether it may still grow: then it is read again every few seconds */
  going: boolean;
  names: readonly SeriesName[];
  search: SeriesSearch;
  /** at most so many; as many as the coordinator gives without it */
  points?: number;
}

/** Curves of a run. What was shown stays until another axis or window has come. */
export function useSeries(wanted: WantedSeries) {
  const { token } = useSession();
  return useQuery(optionsOf(wanted, token ?? ''));
}

/** Curves of several runs, in their order. */
export function useSeriesOf(wanted: readonly WantedSeries[]) {
  const { token } = useSession();
  return useQueries({ queries: wanted.map((one) => optionsOf(one, token ?? '')) });
}

function optionsOf({ id, going, names, search, points }: WantedSeries, token: string): UseQueryOptions<RunSeries> {
  const options = { params: { id }, query: { names: names.join(','), x: search.x, from: search.from, to: search.to, points } };
  return { queryKey: ['showSeries', options], refetchInterval: going ? 5_000 : false, placeholderData: keepPreviousData, queryFn: () => fetchRoute('showSeries', { token, ...options }) };
}
