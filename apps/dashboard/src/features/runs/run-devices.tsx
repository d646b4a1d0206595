import { Anchor, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { usePages } from '../../api/use-pages';
import { useRoute } from '../../api/use-route';
import { ChartCard } from '../../charts/chart-card';
import { NumbersTable } from '../../charts/numbers-table';
import { EmptyState } from '../../shell/empty-state';
import { QueryState } from '../../shell/query-state';
import { VirtualTable } from '../../shell/virtual-table';
import { ParticipationMap } from './participation-map';

const columns = [
  { label: 'Device' }, { label: 'State' }, { label: 'Round', number: true, hint: 'commits that it had applied when it last said so' }, { label: 'Behind', number: true, hint: 'commits of the run that it has not applied, as far as it said' },
  { label: 'Training examples', number: true, hint: 'that the device keeps for this run; a count, never the examples' }, { label: 'Held-out examples', number: true, hint: 'that it keeps out of training, for evaluations' },
];
const lagText = (rounds: number) => (rounds >= 10 ? '10 and more' : String(rounds));

/** Who is in a run, how far each device is behind its head, and who took part in which round. */
export function RunDevices({ run: { id, round: head } }: { run: Run }) {
  const pages = usePages('listAssignments', { params: { id }, query: { limit: 200 } });
  const summary = useRoute('summariseAssignments', { params: { id } });
  const lags = summary.data?.behind ?? [];
  return (
    <QueryState query={pages}>
      <Stack>
        {summary.data === undefined ? null : <Text role="status">{summary.data.devices} devices: {Object.entries(summary.data.states).filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`).join(', ')}.</Text>}
        <SimpleGrid cols={{ base: 1, lg: 2 }}>
          {lags.length === 0 ? null : (
            <ChartCard title="Rounds behind" says="Ready devices by the commits that they have not applied; 10 and more together." label="Devices by rounds behind; the table below has the numbers" xLabel="rounds behind" xKind="place" yLabel="devices"
              x={Array.from({ length: 11 }, (_, rounds) => rounds)} lines={[{ label: 'devices', bars: true, y: Array.from({ length: 11 }, (_, rounds) => lags.find((lag) => lag.rounds === rounds)?.devices ?? 0) }]} counts>
              <NumbersTable title="Rounds behind" columns={[{ label: 'Rounds behind', number: true }, { label: 'Devices', number: true }]} rows={lags.toReversed().map(({ rounds, devices }) => [lagText(rounds), String(devices)])} />
            </ChartCard>
          )}
        </SimpleGrid>
        <ParticipationMap run={id} head={head} />
        {pages.items.length === 0 ? <EmptyState title="No device takes part"><Text>Devices come into a run by its group, or when they enrol. <Text component={Link} to="/enrolment" td="underline">Enrol one</Text>.</Text></EmptyState> : (
          <VirtualTable label="Devices of the run" columns={columns} pages={pages} keyOf={({ device }) => device}>
            {(assignment) => (
              <>
                <Table.Td><Anchor component={Link} to={`/devices/${assignment.device}`} inherit underline="always">{assignment.name}</Anchor></Table.Td>
                <Table.Td title={assignment.cause ?? undefined}>{assignment.state}{assignment.aside ? ', not asked: it left the group' : ''}{assignment.cause === null ? '' : `: ${assignment.cause}`}</Table.Td>
                <Table.Td className="number">{assignment.round ?? '–'}</Table.Td><Table.Td className="number">{assignment.round === null ? '–' : Math.max(0, head - assignment.round)}</Table.Td>
                <Table.Td className="number">{assignment.trainExamples ?? '–'}</Table.Td><Table.Td className="number">{assignment.heldOutExamples ?? '–'}</Table.Td>
              </>
            )}
          </VirtualTable>
        )}
      </Stack>
    </QueryState>
  );
}
