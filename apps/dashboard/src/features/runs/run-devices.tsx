import { Table } from '@mantine/core';
import { useRoute } from '../../api/use-route';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [
  { label: 'Device' }, { label: 'State' }, { label: 'Round', number: true, hint: 'commits that it had applied when it last said so' }, { label: 'Behind', number: true, hint: 'commits of the run that it has not applied, as far as it said' },
  { label: 'Training examples', number: true }, { label: 'Held-out examples', number: true },
];

/** Who is in a run and how far each device is behind its head. */
export function RunDevices({ id, head }: { id: number; head: number }) {
  const query = useRoute('listAssignments', { params: { id } });
  return (
    <QueryState query={query}>
      <WideTable label="Devices of the run" columns={columns}>
        {(query.data?.items ?? []).map((assignment) => (
          <Table.Tr key={assignment.device}>
            <Table.Td>{assignment.name}</Table.Td><Table.Td>{assignment.state}{assignment.cause === null ? '' : `: ${assignment.cause}`}</Table.Td>
            <Table.Td className="number">{assignment.round ?? '–'}</Table.Td><Table.Td className="number">{assignment.round === null ? '–' : head - assignment.round}</Table.Td>
            <Table.Td className="number">{assignment.trainExamples ?? '–'}</Table.Td><Table.Td className="number">{assignment.heldOutExamples ?? '–'}</Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
    </QueryState>
  );
}
