import { Progress, ScrollArea, Stack, Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { dateTimeOf, decimal, percent } from '../../shell/format';
import { QueryState } from '../../shell/query-state';

/** All runs, newest first. */
export function RunsPage() {
  const runs = useRoute('listRuns', { query: { limit: 100 } });
  const rows = runs.data?.items ?? [];
  return (
    <Stack>
      <Title order={1} size="h2">Runs</Title>
      <QueryState query={runs}>
        {rows.length === 0
          ? <Text>No run yet. Start one with <code>seedfleet runs start</code>; <code>--help</code> shows every setting and its default.</Text>
          : (
            <ScrollArea tabIndex={0} role="region" aria-label="Runs">
              <Table striped miw={800}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Run</Table.Th><Table.Th>State</Table.Th><Table.Th>Progress</Table.Th><Table.Th className="number">Devices</Table.Th>
                    <Table.Th className="number">Loss</Table.Th><Table.Th className="number">Accuracy</Table.Th><Table.Th>Created</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {rows.map((run) => (
                    <Table.Tr key={run.id}>
                      <Table.Td><Text component={Link} to={`/runs/${run.id}`} td="underline">{run.id} {run.name}</Text></Table.Td>
                      <Table.Td>{run.state}</Table.Td>
                      <Table.Td>
                        <Progress value={(100 * run.round) / run.roundsMax} aria-label={`Rounds of ${run.name}`} />
                        <Text size="sm">{run.round} of {run.roundsMax} rounds</Text>
                      </Table.Td>
                      <Table.Td className="number">{run.devices}</Table.Td>
                      <Table.Td className="number">{decimal(run.lastEvaluation?.loss)}</Table.Td>
                      <Table.Td className="number">{percent(run.lastEvaluation?.accuracy)}</Table.Td>
                      <Table.Td>{dateTimeOf(run.createdAt)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </ScrollArea>
          )}
      </QueryState>
    </Stack>
  );
}
