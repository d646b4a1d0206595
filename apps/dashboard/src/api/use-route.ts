import { type ResponseOf, type RouteName } from '@seedfleet/protocol';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useSession } from '../session/session';
import { ApiError, fetchRoute, type RouteArguments } from './fetch-route';

type Arguments = Omit<RouteArguments, 'token'>;

/** The answer of a reading route, kept fresh by polling. A token that is refused signs out. */
export function useRoute<N extends RouteName>(name: N, options: Arguments = {}) {
  const { token, signOut } = useSession();
  const query = useQuery<ResponseOf<N>>({ queryKey: [name, options], queryFn: () => fetchRoute(name, { token: token ?? '', ...options }) });
  const refused = query.error instanceof ApiError && query.error.status === 401;
  useEffect(() => {
    if (refused) signOut();
  }, [refused, signOut]);
  return query;
}

/** Calls a changing route; everything on the page is read again afterwards. */
export function useAction<N extends RouteName>(name: N) {
  const { token } = useSession();
  const queries = useQueryClient();
  return useMutation<ResponseOf<N>, Error, Arguments>({
    mutationFn: (options) => fetchRoute(name, { token: token ?? '', ...options }),
    onSettled: () => queries.invalidateQueries(),
  });
}
