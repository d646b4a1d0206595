import { Group, MultiSelect, Stack, Text, Title } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { useQueries } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { fetchRoute } from '../../api/fetch-route';
import { useRoute } from '../../api/use-route';
import { useSession } from '../../session/session';
import { EmptyState } from '../../shell/empty-state';
import { type SeriesSearch } from '../../shell/search';
import { ComparedCurves } from './compared-curves';
import { ComparedRuns } from './compared-runs';

/** Runs that can be told apart in one plot. */
const runsMax = 3;

export interface Compared { run: Run; manifest: Record<string, unknown> }

/** Up to three runs beside each other: their curves, their best, and the settings in which they differ. Which ones, and over which axis, stands in the address. */
export function ComparePage() {
  const { runs: chosen = '', ...search } = useSearch({ from: '/compare' });
  const navigate = useNavigate({ from: '/compare' });
  const ids = chosen.split(',').filter((id) => /^\d+$/.test(id)).slice(0, runsMax);
  const list = useRoute('listRuns', { query: { limit: 100 } });
  const compared = useCompared(ids);
  const show = (values: readonly string[], next: SeriesSearch) => void navigate({ search: { ...next, ...(values.length === 0 ? {} : { runs: values.join(',') }) }, resetScroll: false });
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">Compare runs</Title>
        <Text component={Link} to="/runs" td="underline">All runs</Text>
      </Group>
      <MultiSelect label={`Runs, at most ${runsMax}`} searchable maxValues={runsMax} value={ids} data={(list.data?.items ?? []).map(({ id, name }) => ({ value: String(id), label: `${id} ${name}` }))} onChange={(values) => show(values, search)} />
      {compared.length < 2
        ? <EmptyState title="Two runs make a comparison"><Text>Choose them above: their curves are drawn over each other, and the settings in which they differ are listed.</Text></EmptyState>
        : (
          <>
            <ComparedCurves compared={compared} search={search} onSearch={(next) => show(ids, next)} />
            <ComparedRuns compared={compared} />
          </>
        )}
    </Stack>
  );
}

function useCompared(ids: readonly string[]): Compared[] {
  const { token } = useSession();
  const answers = useQueries({
    queries: ids.map((id) => ({
      queryKey: ['compared', id],
      queryFn: async (): Promise<Compared> => {
        const options = { token: token ?? '', params: { id } };
        const [run, signed] = await Promise.all([fetchRoute('showRun', options), fetchRoute('showManifest', options)]);
        return { run, manifest: signed.manifest };
      },
    })),
  });
  return answers.flatMap(({ data }) => (data === undefined ? [] : [data]));
}
