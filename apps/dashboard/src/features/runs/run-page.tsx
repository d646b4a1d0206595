import { Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { QueryState } from '../../shell/query-state';
import { RunActions } from './run-actions';
import { RunDevices } from './run-devices';
import { RunManifest } from './run-manifest';
import { RunProgress } from './run-progress';
import { RunRounds } from './run-rounds';

/** One run: how it goes, its rounds, its devices, what was signed. */
export function RunPage() {
  const { id } = useParams({ from: '/runs/$id' });
  const query = useRoute('showRun', { params: { id } });
  const run = query.data;
  return (
    <Stack>
      <QueryState query={query}>
        {run === undefined ? null : (
          <>
            <Group justify="space-between">
              <Stack gap={0}>
                <Title order={1} size="h2">{run.name}</Title>
                <Text c="dimmed">Run {run.id}: {run.state}, {run.round} of {run.roundsMax} rounds{run.cause === null ? '' : `. ${run.cause}`}</Text>
              </Stack>
              <RunActions run={run} />
            </Group>
            <Tabs defaultValue="progress" keepMounted={false}>
              <Tabs.List>
                <Tabs.Tab value="progress">Progress</Tabs.Tab>
                <Tabs.Tab value="rounds">Rounds</Tabs.Tab>
                <Tabs.Tab value="devices">Devices</Tabs.Tab>
                <Tabs.Tab value="manifest">Manifest</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="progress" pt="md"><RunProgress run={run} /></Tabs.Panel>
              <Tabs.Panel value="rounds" pt="md"><RunRounds id={run.id} /></Tabs.Panel>
              <Tabs.Panel value="devices" pt="md"><RunDevices id={run.id} head={run.round} /></Tabs.Panel>
              <Tabs.Panel value="manifest" pt="md"><RunManifest run={run} /></Tabs.Panel>
            </Tabs>
          </>
        )}
      </QueryState>
    </Stack>
  );
}
