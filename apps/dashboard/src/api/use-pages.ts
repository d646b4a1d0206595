import { type ResponseOf, type RouteName } from '@seedfleet/protocol';
import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { pollMs } from '../live/live-connection';
import { useSession } from '../session/session';
import { fetchRoute, type RouteArguments } from './fetch-route';

/** Routes that answer in pages. */
export type PagedRoute = { [N in RouteName]: ResponseOf<N> extends { items: unknown[]; next: string | null } ? N : never }[RouteName];
type ItemOf<N extends PagedRoute> = ResponseOf<N> extends { items: (infer Item)[] } ? Item : never;

export interface Pages<Item> {
  /** of all pages that were read so far */
  items: Item[];
  isPending: boolean;
  error: Error | null;
  data: unknown;
  hasMore: boolean;
  isReading: boolean;
  /** reads the next page; from then on the list stands still under the reader */
  more: () => void;
  /** begins anew with the first page; null while that is what is shown, kept fresh */
  restart: (() => void) | null;
}

/** A list that is read page by page, as far as somebody looks. */
export function usePages<N extends PagedRoute>(name: N, options: Omit<RouteArguments, 'token'> = {}): Pages<ItemOf<N>> {
  const { token } = useSession();
  const queries = useQueryClient();
  const queryKey = [name, 'pages', options];
  const key = JSON.stringify(queryKey);
  const [still, setStill] = useState('');
  const isStill = still === key;
  const query = useInfiniteQuery({
    queryKey, initialPageParam: undefined as string | undefined, placeholderData: keepPreviousData, enabled: !isStill,
    queryFn: ({ pageParam }) => fetchRoute(name, { token: token ?? '', ...options, query: { ...options.query, cursor: pageParam } }) as Promise<{ items: ItemOf<N>[]; next: string | null }>,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: pollMs,
  });
  return {
    items: query.data?.pages.flatMap(({ items }) => items) ?? [], isPending: query.isPending, error: query.error, data: query.data, hasMore: query.hasNextPage, isReading: query.isFetchingNextPage,
    more: () => {
      if (!query.hasNextPage || query.isFetchingNextPage) return;
      setStill(key);
      void query.fetchNextPage({ cancelRefetch: false });
    },
    restart: !isStill ? null : () => {
      setStill('');
      void queries.resetQueries({ queryKey });
    },
  };
}
