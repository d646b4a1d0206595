import { Button, Group, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { EmptyState } from '../../shell/empty-state';
import { dateTimeOf, decimal, percent } from '../../shell/format';
import { Pager } from '../../shell/pager';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [
  { label: 'Run' }, { label: 'State' }, { label: 'Progress' }, { label: 'Devices', number: true, hint: 'assigned to the run' }, { label: 'Loss', number: true, hint: 'newest held-out mean cross-entropy, nats' },
  { label: 'Accuracy', number: true, hint: 'newest, on held-out examples' }, { label: 'Created' },
];

/** All runs, newest first, page by page. */
export function RunsPage() {
  const { cursor } = useSearch({ from: '/runs' });
  const navigate = useNavigate({ from: '/runs' });
  const runs = useRoute('listRuns', { query: { limit: 100, cursor } });
  const rows = runs.data?.items ?? [];
  const next = runs.data?.next ?? null;
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">Runs</Title>
        <Group gap="xs">
          <Button component={Link} to="/runs/new">New run</Button>
          <Button component={Link} to="/compare" variant="default">Compare</Button>
        </Group>
      </Group>
      <QueryState query={runs}>
        {rows.length === 0
          ? (
            <EmptyState title="No run yet">
              <Text>A run fine-tunes a model on the examples that your devices keep. It needs an enrolled device and a model; the rest has defaults.</Text>
              <CommandLine does="From a terminal, with every setting and its default:" line="seedfleet runs start --help" />
            </EmptyState>
          )
          : (
            <>
              <WideTable label="Runs" columns={columns} minWidth={800}>
                {rows.map((run) => (
                  <Table.Tr key={run.id}>
                    <Table.Td><Text component={Link} to={`/runs/${run.id}`} size="sm" td="underline">{run.id} {run.name}</Text></Table.Td>
                    <Table.Td>{run.state}</Table.Td>
                    <Table.Td>
                      <Progress value={(100 * run.round) / run.roundsMax} aria-label={`Rounds of ${run.name}`} />
                      <Text size="sm">{run.round} of {run.roundsMax} rounds</Text>
                    </Table.Td>
                    <Table.Td className="number">{run.devices}</Table.Td>
                    <Table.Td className="number">{decimal(run.lastEvaluation?.loss)}</Table.Td>
                    <Table.Td className="number">{percent(run.lastEvaluation?.accuracy)}</Table.Td>
                    <Table.Td>{dateTimeOf(run.createdAt)}</Table.Td>
                  </Table.Tr>
                ))}
              </WideTable>
              <Pager cursor={cursor} next={next} words={{ first: 'Newest', next: 'Older' }} onGo={(to) => void navigate({ search: to === undefined ? {} : { cursor: to } })} />
            </>
          )}
      </QueryState>
    </Stack>
  );
}
