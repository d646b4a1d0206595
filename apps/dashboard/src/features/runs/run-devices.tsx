import { Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { useRoute } from '../../api/use-route';
import { ChartCard } from '../../charts/chart-card';
import { Pager } from '../../shell/pager';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [
  { label: 'Device' }, { label: 'State' }, { label: 'Round', number: true, hint: 'commits that it had applied when it last said so' }, { label: 'Behind', number: true, hint: 'commits of the run that it has not applied, as far as it said' },
  { label: 'Training examples', number: true }, { label: 'Held-out examples', number: true },
];

/** Who is in a run and how far each device is behind its head. */
export function RunDevices({ id, head }: { id: number; head: number }) {
  const [cursor, setCursor] = useState<string>();
  const query = useRoute('listAssignments', { params: { id }, query: { cursor } });
  const summary = useRoute('summariseAssignments', { params: { id } });
  const lags = summary.data?.behind ?? [];
  return (
    <QueryState query={query}>
      <Stack>
      {summary.data === undefined ? null : <Text role="status">{summary.data.devices} devices: {Object.entries(summary.data.states).filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`).join(', ')}.</Text>}
      {lags.length < 2 ? null : <ChartCard title="Rounds behind" says="ready devices by the commits that they have not applied; 10 and more together" label="Devices by rounds behind" xLabel="rounds behind" yLabel="devices" x={lags.map(({ rounds }) => rounds)} lines={[{ label: 'devices', y: lags.map(({ devices }) => devices) }]} counts />}
      <WideTable label="Devices of the run" columns={columns}>
        {(query.data?.items ?? []).map((assignment) => (
          <Table.Tr key={assignment.device}>
            <Table.Td>{assignment.name}</Table.Td><Table.Td>{assignment.state}{assignment.cause === null ? '' : `: ${assignment.cause}`}</Table.Td>
            <Table.Td className="number">{assignment.round ?? '–'}</Table.Td><Table.Td className="number">{assignment.round === null ? '–' : head - assignment.round}</Table.Td>
            <Table.Td className="number">{assignment.trainExamples ?? '–'}</Table.Td><Table.Td className="number">{assignment.heldOutExamples ?? '–'}</Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
      <Pager cursor={cursor} next={query.data?.next ?? null} words={{ first: 'First', next: 'Next' }} onGo={setCursor} />
      </Stack>
    </QueryState>
  );
}
