import { SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { useLatestRounds } from '../../api/use-latest-rounds';
import { ChartCard } from '../../charts/chart-card';
import { decimal } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';
import { committedRounds, isGoing, tableRows } from './committed-rounds';

const columns = [
  { label: 'Round', number: true }, { label: 'RMS of coefficients', number: true, hint: 'root mean square over the queries of the commit' },
  { label: 'Learning rate', number: true }, { label: 'Reports', number: true },
];

/** How large the measured changes of loss are, and how far each step goes. */
export function RunEstimator({ run }: { run: Run }) {
  const query = useLatestRounds({ id: run.id, going: isGoing(run) });
  const rounds = committedRounds(query.data ?? []);
  const x = rounds.map((round) => round.round);
  return (
    <QueryState query={query}>
      {rounds.length === 0 ? <Text>The first round has made no commit yet.</Text> : (
        <Stack>
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            <ChartCard title="Coefficients" says="Change of loss for each unit of step, root mean square over the queries. Near zero the loss hardly answers; a rise without end is divergence."
              label="Root mean square of the coefficients by round; the table below has the numbers" xLabel="round" yLabel="RMS, nats a unit" x={x} lines={[{ label: 'RMS of coefficients', y: rounds.map((round) => round.coefficientRms) }]} />
            <ChartCard title="Learning rate" says="As the schedule of the manifest has it; signed into every commit."
              label="Learning rate by round; the table below has the numbers" xLabel="round" yLabel="learning rate" x={x} lines={[{ label: 'learning rate', y: rounds.map((round) => round.learningRate) }]} />
          </SimpleGrid>
          <WideTable label="Estimator by round" columns={columns} minWidth={480} caption={`The newest ${Math.min(tableRows, rounds.length)} commits; the tab Rounds has all.`}>
            {rounds.slice(-tableRows).toReversed().map((round) => (
              <Table.Tr key={round.round}>
                <Table.Td className="number">{round.round}</Table.Td><Table.Td className="number">{decimal(round.coefficientRms)}</Table.Td>
                <Table.Td className="number">{decimal(round.learningRate, 6)}</Table.Td><Table.Td className="number">{round.reported}</Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        </Stack>
      )}
    </QueryState>
  );
}
