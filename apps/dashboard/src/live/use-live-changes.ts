import { type FleetChange } from '@seedfleet/protocol';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { useSession } from '../session/session';
import { liveConnection, type LiveState } from './live-connection';
import { isTouched } from './queries-of-change';

/** A page is read anew at most this often, however much changes. */
const readEveryMs = 1_000;

/** While somebody is signed in: what the coordinator tells of is read anew, at once or a second after the last time. */
export function useLiveChanges(): void {
  const { token } = useSession();
  const queries = useQueryClient();
  useEffect(() => {
    if (token === null) return undefined;
    let waiting: FleetChange[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = () => {
      timer = undefined;
      if (waiting.length === 0) return;
      const changes = waiting;
      waiting = [];
      timer = setTimeout(read, readEveryMs);
      // An answer that is on its way is waited for: changes that come fast must not hold it up for ever.
      void queries.invalidateQueries({ predicate: ({ queryKey }) => changes.some((change) => isTouched(queryKey, change)) }, { cancelRefetch: false });
    };
    liveConnection.open(token, {
      changes: (changes) => {
        if (changes === null) {
          void queries.invalidateQueries();
          return;
        }
        waiting.push(...changes);
        if (timer === undefined) read();
      },
    });
    return () => {
      clearTimeout(timer);
      liveConnection.close();
    };
  }, [token, queries]);
}

/** Whether changes are told now. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(liveConnection.subscribe, () => liveConnection.state);
}
