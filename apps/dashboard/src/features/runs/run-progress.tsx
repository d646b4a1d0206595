import { Card, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { useRoute } from '../../api/use-route';
import { LineChart } from '../../charts/line-chart';
import { decimal, percent, shortHash, timeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';

/** The held-out loss and accuracy over rounds, and the same numbers as a table. */
export function RunProgress({ run }: { run: Run }) {
  const query = useRoute('listEvaluations', { params: { id: run.id } });
  const evaluations = query.data?.items ?? [];
  const rounds = evaluations.map((evaluation) => evaluation.round);
  return (
    <Stack>
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Figure label="accuracy on held-out examples" value={percent(run.lastEvaluation?.accuracy)} />
        <Figure label="loss on held-out examples" value={decimal(run.lastEvaluation?.loss)} />
        <Figure label="devices in the run" value={String(run.devices)} />
        <Figure label="hash of the adapter state" value={shortHash(run.stateHash)} />
      </SimpleGrid>
      <QueryState query={query}>
        {evaluations.length === 0 ? <Text>The first point appears when the devices have evaluated their held-out examples.</Text> : (
          <>
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <Card withBorder>
                <Title order={2} size="h5">Loss</Title>
                <LineChart label="Held-out loss by round; the table below has the numbers" xLabel="round" yLabel="mean loss, nats" x={rounds} y={evaluations.map((evaluation) => evaluation.loss)} />
              </Card>
              <Card withBorder>
                <Title order={2} size="h5">Accuracy</Title>
                <LineChart label="Held-out accuracy by round; the table below has the numbers" xLabel="round" yLabel="accuracy, %" x={rounds} y={evaluations.map((evaluation) => 100 * evaluation.accuracy)} />
              </Card>
            </SimpleGrid>
            <Table striped maw={640}>
              <Table.Caption>Sums over the devices that answered; no device sends the loss of an example.</Table.Caption>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th className="number">Round</Table.Th><Table.Th className="number">Loss</Table.Th><Table.Th className="number">Accuracy</Table.Th>
                  <Table.Th className="number">Examples</Table.Th><Table.Th className="number">Devices</Table.Th><Table.Th>Time</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {evaluations.toReversed().map((evaluation) => (
                  <Table.Tr key={evaluation.round}>
                    <Table.Td className="number">{evaluation.round}</Table.Td><Table.Td className="number">{decimal(evaluation.loss)}</Table.Td>
                    <Table.Td className="number">{percent(evaluation.accuracy)}</Table.Td><Table.Td className="number">{evaluation.count}</Table.Td>
                    <Table.Td className="number">{evaluation.devices}</Table.Td><Table.Td>{timeOf(evaluation.at)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </>
        )}
      </QueryState>
    </Stack>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return <Card withBorder><Text size="xl" fw={700}>{value}</Text><Text c="dimmed" size="sm">{label}</Text></Card>;
}
