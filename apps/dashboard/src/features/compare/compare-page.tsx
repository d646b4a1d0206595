import { Group, MultiSelect, Stack, Table, Text, Title } from '@mantine/core';
import { type Evaluation, type Run } from '@seedfleet/protocol';
import { useQueries } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { fetchRoute } from '../../api/fetch-route';
import { useRoute } from '../../api/use-route';
import { ChartCard } from '../../charts/chart-card';
import { useSession } from '../../session/session';
import { EmptyState } from '../../shell/empty-state';
import { decimal, percent } from '../../shell/format';
import { WideTable } from '../../shell/wide-table';
import { differencesOf } from './manifest-difference';

/** Runs that can be told apart in one plot. */
const runsMax = 3;
const dashes = [undefined, [8, 4], [2, 3]];

interface Compared { run: Run; evaluations: Evaluation[]; manifest: Record<string, unknown> }

/** Up to three runs beside each other: their curves, their best, and the settings in which they differ. Which ones stands in the address. */
export function ComparePage() {
  const { runs: chosen = '' } = useSearch({ from: '/compare' });
  const navigate = useNavigate({ from: '/compare' });
  const ids = chosen.split(',').filter((id) => /^\d+$/.test(id)).slice(0, runsMax);
  const list = useRoute('listRuns', { query: { limit: 100 } });
  const compared = useCompared(ids);
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">Compare runs</Title>
        <Text component={Link} to="/runs" td="underline">All runs</Text>
      </Group>
      <MultiSelect label={`Runs, at most ${runsMax}`} searchable maxValues={runsMax} value={ids} data={(list.data?.items ?? []).map(({ id, name }) => ({ value: String(id), label: `${id} ${name}` }))}
        onChange={(values) => void navigate({ search: values.length === 0 ? {} : { runs: values.join(',') } })} />
      {compared.length < 2 ? <EmptyState title="Two runs make a comparison"><Text>Choose them above: their curves are drawn over each other, and the settings in which they differ are listed.</Text></EmptyState> : <Comparison compared={compared} />}
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
        const [run, evaluations, signed] = await Promise.all([fetchRoute('showRun', options), fetchRoute('listEvaluations', options), fetchRoute('showManifest', options)]);
        return { run, evaluations: evaluations.items, manifest: signed.manifest };
      },
    })),
  });
  return answers.flatMap(({ data }) => (data === undefined ? [] : [data]));
}

function Comparison({ compared }: { compared: Compared[] }) {
  const x = [...new Set(compared.flatMap(({ evaluations }) => evaluations.map(({ round }) => round)))].sort((a, b) => a - b);
  const lines = (valueOf: (evaluation: Evaluation) => number | null) => compared.map(({ run, evaluations }, index) => {
    const byRound = new Map(evaluations.map((evaluation) => [evaluation.round, valueOf(evaluation)]));
    const dash = dashes[index];
    return { label: `${run.id} ${run.name}`, y: x.map((round) => byRound.get(round) ?? null), ...(dash === undefined ? {} : { dash }) };
  });
  const differences = differencesOf(compared.map(({ manifest }) => manifest));
  const columns = [{ label: 'Setting' }, ...compared.map(({ run }) => ({ label: `${run.id} ${run.name}` }))];
  return (
    <>
      <ChartCard title="Held-out loss" label="Held-out loss of the runs by round" xLabel="round" yLabel="loss, nats" x={x} lines={lines(({ loss }) => loss)} spanGaps />
      <ChartCard title="Held-out accuracy" label="Held-out accuracy of the runs by round" xLabel="round" yLabel="accuracy, %" x={x} lines={lines(({ accuracy }) => 100 * accuracy)} spanGaps />
      <WideTable label="How the runs came out" columns={[{ label: 'Run' }, { label: 'State' }, { label: 'Rounds', number: true }, { label: 'Lowest loss', number: true }, { label: 'Best accuracy', number: true }]}>
        {compared.map(({ run, evaluations }) => (
          <Table.Tr key={run.id}>
            <Table.Td><Text component={Link} to={`/runs/${run.id}`} td="underline">{run.id} {run.name}</Text></Table.Td><Table.Td>{run.state}</Table.Td>
            <Table.Td className="number">{run.round} of {run.roundsMax}</Table.Td>
            <Table.Td className="number">{evaluations.length === 0 ? '–' : decimal(Math.min(...evaluations.map(({ loss }) => loss)))}</Table.Td>
            <Table.Td className="number">{evaluations.length === 0 ? '–' : percent(Math.max(...evaluations.map(({ accuracy }) => accuracy)))}</Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
      <Title order={2} size="h4">Settings in which they differ</Title>
      {differences.length === 0 ? <Text>None: only the keys differ, and with them the directions.</Text> : (
        <WideTable label="Settings in which the runs differ" columns={columns}>
          {differences.map(({ path, values }) => (
            <Table.Tr key={path}><Table.Td className="mono">{path}</Table.Td>{values.map((value, index) => <Table.Td key={compared[index]?.run.id ?? index} className="mono">{value ?? '–'}</Table.Td>)}</Table.Tr>
          ))}
        </WideTable>
      )}
    </>
  );
}
