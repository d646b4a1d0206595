import { Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { percent } from '../../shell/format';
import { QueryState } from '../../shell/query-state';

/** What there is and what needs somebody: devices by presence, runs by state. */
export function OverviewPage() {
  const devices = useRoute('listDevices', { query: { limit: 100 } });
  const runs = useRoute('listRuns', { query: { limit: 100 } });
  const deviceRows = devices.data?.items ?? [];
  const runRows = runs.data?.items ?? [];
  const waiting = deviceRows.filter((device) => device.state === 'pending').length;
  return (
    <Stack>
      <Title order={1} size="h2">Overview</Title>
      <QueryState query={devices}>
        <SimpleGrid cols={{ base: 2, md: 4 }}>
          <Figure label="devices online" value={deviceRows.filter((device) => device.online).length} />
          <Figure label="devices enrolled" value={deviceRows.length} />
          <Figure label="waiting for approval" value={waiting} />
          <Figure label="runs going on" value={runRows.filter((run) => run.state === 'running').length} />
        </SimpleGrid>
      </QueryState>
      <Title order={2} size="h4">Latest runs</Title>
      <QueryState query={runs}>
        {runRows.length === 0 ? <Text>No run yet. Add a model, then start one: <code>seedfleet runs start --help</code></Text> : null}
        {runRows.slice(0, 5).map((run) => (
          <Card key={run.id} withBorder>
            <Group justify="space-between">
              <Text component={Link} to={`/runs/${run.id}`} fw={600} td="underline">{run.name}</Text>
              <Text>{run.state}, round {run.round} of {run.roundsMax}, accuracy {percent(run.lastEvaluation?.accuracy)}</Text>
            </Group>
          </Card>
        ))}
      </QueryState>
    </Stack>
  );
}

function Figure({ label, value }: { label: string; value: number }) {
  return <Card withBorder><Text size="xl" fw={700}>{value}</Text><Text c="dimmed" size="sm">{label}</Text></Card>;
}
