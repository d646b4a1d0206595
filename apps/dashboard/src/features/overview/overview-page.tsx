import { Card, Group, List, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { EmptyState } from '../../shell/empty-state';
import { Figure } from '../../shell/figure';
import { percent } from '../../shell/format';
import { QueryState } from '../../shell/query-state';

/** What there is and what needs somebody: devices by presence, runs by state. */
export function OverviewPage() {
  const devices = useRoute('countDevices', { query: { filter: '' } });
  const runs = useRoute('listRuns', { query: { limit: 100 } });
  const runRows = runs.data?.items ?? [];
  return (
    <Stack>
      <Title order={1} size="h2">Overview</Title>
      <QueryState query={devices}>
        <SimpleGrid cols={{ base: 2, md: 4 }}>
          <Figure label="devices online" value={devices.data?.online ?? 0} />
          <Figure label="devices enrolled" value={devices.data?.count ?? 0} />
          <Figure label="waiting for approval" value={devices.data?.states.pending ?? 0} />
          <Figure label="runs going on" value={runRows.filter((run) => run.state === 'running').length} />
        </SimpleGrid>
      </QueryState>
      <Title order={2} size="h4">Latest runs</Title>
      <QueryState query={runs}>
        {runRows.length > 0 ? null : (
          <EmptyState title="No run yet">
            <Text>Three steps lead to one. Each can be done here or from a terminal.</Text>
            <List type="ordered">
              <List.Item><Text component={Link} to="/enrolment" td="underline">Enrol a device</Text>: a machine that keeps examples of its own.</List.Item>
              <List.Item><Text component={Link} to="/models" td="underline">Add a model</Text>: an .onnx file with its tokenizer.</List.Item>
              <List.Item><Text component={Link} to="/runs/new" td="underline">Start a run</Text>: three screens, with defaults that work.</List.Item>
            </List>
          </EmptyState>
        )}
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
