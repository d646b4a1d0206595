import { Alert, Loader } from '@mantine/core';
import { type ReactNode } from 'react';

/** The page's content once it is there; a loader before, the refusal where it failed. */
export function QueryState({ query, children }: { query: { isPending: boolean; error: Error | null; data: unknown }; children: ReactNode }) {
  if (query.data !== undefined) return children;
  if (query.isPending) return <Loader aria-label="Loading" />;
  return <Alert color="red" variant="outline" title="The coordinator refused" role="alert">{query.error?.message}</Alert>;
}
