import { Anchor, Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { QueryState } from '../../shell/query-state';
import { runTabs, type RunTab } from '../../shell/search';
import { RunActions } from './run-actions';
import { RunArtifacts } from './run-artifacts';
import { RunDevices } from './run-devices';
import { RunEstimator } from './run-estimator';
import { RunLog } from './run-log';
import { RunManifest } from './run-manifest';
import { RunPrivacy } from './run-privacy';
import { RunPlan } from './run-plan';
import { RunProgress } from './run-progress';
import { RunRounds } from './run-rounds';
import { RunSync } from './run-sync';

const labels: Record<RunTab, string> = {
  progress: 'Progress', rounds: 'Rounds', devices: 'Devices', estimator: 'Estimator', sync: 'Sync', privacy: 'Privacy', manifest: 'Manifest', log: 'Log', artifacts: 'Artifacts',
};

/** One run: how it goes, its rounds, its devices, how it estimates and stays in step, what was signed, what it made. The open tab stands in the address. */
export function RunPage() {
  const { id } = useParams({ from: '/runs/$id' });
  const { tab = 'progress' } = useSearch({ from: '/runs/$id' });
  const navigate = useNavigate({ from: '/runs/$id' });
  const query = useRoute('showRun', { params: { id } });
  const run = query.data;
  const open = (value: string | null) => void navigate({ search: { tab: runTabs.find((known) => known === value) ?? 'progress' } });
  return (
    <Stack>
      <QueryState query={query}>
        {run === undefined ? null : (
          <>
            <Group justify="space-between">
              <Stack gap={0}>
                <Title order={1} size="h2">{run.name}</Title>
                <Text c="dimmed">Run {run.id}: {run.state}, {run.round} of {run.roundsMax} rounds{run.cause === null ? '' : `. ${run.cause}`}</Text>
                {run.branch === null ? null : <Text c="dimmed">Branch of <Anchor component={Link} to={`/runs/${run.branch.run}`} inherit underline="always">run {run.branch.run}</Anchor> after {run.branch.round} rounds</Text>}
                <RunPlan run={run} />
              </Stack>
              <RunActions run={run} />
            </Group>
            <Tabs value={tab} onChange={open} keepMounted={false}>
              <Tabs.List>{runTabs.map((name) => <Tabs.Tab key={name} value={name}>{labels[name]}</Tabs.Tab>)}</Tabs.List>
              <Tabs.Panel value="progress" pt="md"><RunProgress run={run} /></Tabs.Panel>
              <Tabs.Panel value="rounds" pt="md"><RunRounds run={run} /></Tabs.Panel>
              <Tabs.Panel value="devices" pt="md"><RunDevices run={run} /></Tabs.Panel>
              <Tabs.Panel value="estimator" pt="md"><RunEstimator run={run} /></Tabs.Panel>
              <Tabs.Panel value="sync" pt="md"><RunSync run={run} /></Tabs.Panel>
              <Tabs.Panel value="privacy" pt="md"><RunPrivacy run={run} /></Tabs.Panel>
              <Tabs.Panel value="manifest" pt="md"><RunManifest run={run} /></Tabs.Panel>
              <Tabs.Panel value="log" pt="md"><RunLog run={run} /></Tabs.Panel>
              <Tabs.Panel value="artifacts" pt="md"><RunArtifacts run={run} /></Tabs.Panel>
            </Tabs>
          </>
        )}
      </QueryState>
    </Stack>
  );
}
