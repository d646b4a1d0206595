import { ScrollArea, Table } from '@mantine/core';
import { useRoute } from '../../api/use-route';
import { QueryState } from '../../shell/query-state';

/** Who is in a run and how far each device is behind its head. */
export function RunDevices({ id, head }: { id: number; head: number }) {
  const query = useRoute('listAssignments', { params: { id } });
  return (
    <QueryState query={query}>
      <ScrollArea tabIndex={0} role="region" aria-label="Devices of the run">
        <Table striped miw={640}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Device</Table.Th><Table.Th>State</Table.Th><Table.Th className="number">Round</Table.Th><Table.Th className="number">Behind</Table.Th>
              <Table.Th className="number">Training examples</Table.Th><Table.Th className="number">Held-out examples</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {(query.data?.items ?? []).map((assignment) => (
              <Table.Tr key={assignment.device}>
                <Table.Td>{assignment.name}</Table.Td><Table.Td>{assignment.state}{assignment.cause === null ? '' : `: ${assignment.cause}`}</Table.Td>
                <Table.Td className="number">{assignment.round ?? '–'}</Table.Td><Table.Td className="number">{assignment.round === null ? '–' : head - assignment.round}</Table.Td>
                <Table.Td className="number">{assignment.trainExamples ?? '–'}</Table.Td><Table.Td className="number">{assignment.heldOutExamples ?? '–'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
    </QueryState>
  );
}
