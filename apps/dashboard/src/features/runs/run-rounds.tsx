import { Button, Group, ScrollArea, Stack, Table } from '@mantine/core';
import { useState } from 'react';
import { useRoute } from '../../api/use-route';
import { decimal, seconds, shortHash } from '../../shell/format';
import { QueryState } from '../../shell/query-state';

/** Rounds of a run, newest first, page by page. */
export function RunRounds({ id }: { id: number }) {
  const [cursors, setCursors] = useState<string[]>([]);
  const cursor = cursors.at(-1);
  const query = useRoute('listRounds', { params: { id }, query: { limit: 50, cursor } });
  const next = query.data?.next ?? null;
  return (
    <QueryState query={query}>
      <Stack>
        <ScrollArea tabIndex={0} role="region" aria-label="Rounds">
          <Table striped miw={800}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th className="number">Round</Table.Th><Table.Th className="number">Attempt</Table.Th><Table.Th>State</Table.Th>
                <Table.Th>Selected, accepted, reported</Table.Th><Table.Th className="number">Took</Table.Th><Table.Th className="number">Step size</Table.Th>
                <Table.Th className="number">RMS of coefficients</Table.Th><Table.Th>State hash</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {(query.data?.items ?? []).map((round) => (
                <Table.Tr key={`${round.round}.${round.attempt}`}>
                  <Table.Td className="number">{round.round}</Table.Td><Table.Td className="number">{round.attempt}</Table.Td>
                  <Table.Td>{round.state}{round.cause === null ? '' : `: ${round.cause}`}</Table.Td>
                  <Table.Td>{round.selected}, {round.accepted}, {round.reported}</Table.Td>
                  <Table.Td className="number">{seconds(round.openedAt, round.endedAt)}</Table.Td><Table.Td className="number">{decimal(round.learningRate)}</Table.Td>
                  <Table.Td className="number">{decimal(round.coefficientRms)}</Table.Td><Table.Td className="mono">{shortHash(round.stateHash)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
        <Group>
          <Button variant="default" disabled={cursors.length === 0} onClick={() => setCursors(cursors.slice(0, -1))}>Newer</Button>
          <Button variant="default" disabled={next === null} onClick={() => next !== null && setCursors([...cursors, next])}>Older</Button>
        </Group>
      </Stack>
    </QueryState>
  );
}
