import { type RoundRow } from '@seedfleet/protocol';
import { useQuery } from '@tanstack/react-query';
import { useSession } from '../session/session';
import { fetchRoute } from './fetch-route';

/** Rounds that a plot draws at most. */
export const roundsMax = 1_000;
const pageItems = 500;

/** The newest rounds of a run, oldest first: one fetch of at most a thousand, every few seconds while the run goes on. */
export function useLatestRounds({ id, going }: { id: number; going: boolean }) {
  const { token } = useSession();
  return useQuery<RoundRow[]>({
    queryKey: ['latestRounds', id],
    refetchInterval: going ? 5_000 : false,
    queryFn: async () => {
      const rows: RoundRow[] = [];
      let cursor: string | undefined;
      do {
        const page = await fetchRoute('listRounds', { token: token ?? '', params: { id }, query: { limit: pageItems, cursor } });
        rows.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined && rows.length < roundsMax);
      return rows.toReversed();
    },
  });
}
