import { List, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { EmptyState } from '../../shell/empty-state';
import { Figure } from '../../shell/figure';
import { QueryState } from '../../shell/query-state';
import { AttentionList } from './attention-list';
import { DayPlots } from './day-plots';
import { RunCard } from './run-card';

/** Runs whose curves are on the first page. */
const runsShown = 6;

/** What there is, what needs somebody, and how the runs go. */
export function OverviewPage() {
  const devices = useRoute('countDevices', { query: { filter: '' } });
  const runs = useRoute('listRuns', { query: { limit: 100 } });
  const overview = useRoute('showOverview');
  const rows = runs.data?.items ?? [];
  const going = rows.filter(({ state }) => state === 'running' || state === 'paused');
  const shown = [...going, ...rows.filter((run) => !going.includes(run))].slice(0, runsShown);
  return (
    <Stack>
      <Title order={1} size="h2">Overview</Title>
      <QueryState query={devices}>
        <SimpleGrid cols={{ base: 2, md: 4 }}>
          <Figure label="devices online" value={devices.data?.online ?? 0} hint="with an authenticated socket open now" />
          <Figure label="devices enrolled" value={devices.data?.count ?? 0} hint="of every state, revoked ones too" />
          <Figure label="waiting for approval" value={devices.data?.states.pending ?? 0} hint="enrolled, and not let in yet: the page Enrolment" />
          <Figure label="runs going on" value={rows.filter((run) => run.state === 'running').length} hint="of the newest hundred" />
        </SimpleGrid>
      </QueryState>
      {overview.data === undefined ? null : <AttentionList attention={overview.data.attention} />}
      <QueryState query={runs}>
        {rows.length > 0 ? <Title order={2} size="h4">Runs</Title> : (
          <EmptyState title="No run yet">
            <Text>Three steps lead to one. Each can be done here or from a terminal.</Text>
            <List type="ordered">
              <List.Item><Text component={Link} to="/enrolment" td="underline">Enrol a device</Text>: a machine that keeps examples of its own.</List.Item>
              <List.Item><Text component={Link} to="/models" td="underline">Add a model</Text>: an .onnx file with its tokenizer.</List.Item>
              <List.Item><Text component={Link} to="/runs/new" td="underline">Start a run</Text>: three screens, with defaults that work.</List.Item>
            </List>
          </EmptyState>
        )}
        <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>{shown.map((run) => <RunCard key={run.id} run={run} />)}</SimpleGrid>
      </QueryState>
      {overview.data === undefined ? null : <DayPlots hours={overview.data.hours} />}
    </Stack>
  );
}
