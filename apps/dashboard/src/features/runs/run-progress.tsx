import { SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { roundsMax } from '../../api/use-latest-rounds';
import { useRoute } from '../../api/use-route';
import { ChartCard } from '../../charts/chart-card';
import { Figure } from '../../shell/figure';
import { decimal, percent, shortHash, timeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [
  { label: 'Round', number: true }, { label: 'Loss', number: true, hint: 'mean cross-entropy in nats' }, { label: 'Accuracy', number: true }, { label: 'Macro F1', number: true, hint: 'mean over classes' }, { label: 'Perplexity', number: true, hint: 'of a language model' }, { label: 'Examples', number: true, hint: 'or predicted tokens' },
  { label: 'Devices', number: true }, { label: 'Time' },
];

/** The held-out loss and accuracy over rounds, and the same numbers as a table. */
export function RunProgress({ run }: { run: Run }) {
  const query = useRoute('listEvaluations', { params: { id: run.id } });
  const evaluations = (query.data?.items ?? []).slice(-roundsMax);
  const rounds = evaluations.map((evaluation) => evaluation.round);
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 5 }}>
        <Figure label="accuracy on held-out examples" value={percent(run.lastEvaluation?.accuracy)} hint="of the examples that devices keep out of training, all devices together" />
        <Figure label="loss on held-out examples, nats" value={decimal(run.lastEvaluation?.loss)} hint="mean cross-entropy over the same examples" />
        {run.lastEvaluation?.perplexity == null ? null : <Figure label="perplexity on held-out tokens" value={decimal(run.lastEvaluation.perplexity, 1)} hint="e to the mean loss: how many tokens seem equally likely" />}
        {run.lastEvaluation?.macroF1 == null ? null : <Figure label="macro F1 on held-out examples" value={decimal(run.lastEvaluation.macroF1, 3)} hint="mean over classes of 2 true positives / (examples of the class + examples called so)" />}
        <Figure label="devices in the run" value={run.devices} />
        <Figure label="hash of the adapter state" value={shortHash(run.stateHash)} hint="every device in step holds the state with this hash" />
      </SimpleGrid>
      <QueryState query={query}>
        {evaluations.length === 0 ? <Text>The first point appears when the devices have evaluated their held-out examples.</Text> : (
          <>
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <ChartCard title="Loss" label="Held-out loss by round; the table below has the numbers" xLabel="round" yLabel="mean loss, nats" x={rounds}
                lines={[{ label: 'loss', y: evaluations.map((evaluation) => evaluation.loss) }]} />
              <ChartCard title="Accuracy" label="Held-out accuracy by round; the table below has the numbers" xLabel="round" yLabel="accuracy, %" x={rounds}
                lines={[{ label: 'accuracy', y: evaluations.map((evaluation) => 100 * evaluation.accuracy) }]} />
            </SimpleGrid>
            <WideTable label="Evaluations" columns={columns} minWidth={680} caption="Sums over the devices that answered; no device sends the loss of an example.">
              {evaluations.toReversed().map((evaluation) => (
                <Table.Tr key={evaluation.round}>
                  <Table.Td className="number">{evaluation.round}</Table.Td><Table.Td className="number">{decimal(evaluation.loss)}</Table.Td>
                  <Table.Td className="number">{percent(evaluation.accuracy)}</Table.Td><Table.Td className="number">{decimal(evaluation.macroF1, 3)}</Table.Td>
                  <Table.Td className="number">{decimal(evaluation.perplexity, 1)}</Table.Td><Table.Td className="number">{evaluation.count}</Table.Td>
                  <Table.Td className="number">{evaluation.devices}</Table.Td><Table.Td>{timeOf(evaluation.at)}</Table.Td>
                </Table.Tr>
              ))}
            </WideTable>
          </>
        )}
      </QueryState>
    </Stack>
  );
}
