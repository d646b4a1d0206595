import { Table } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { useRoute } from '../../api/use-route';
import { decimal, percent, timeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [
  { label: 'Round', number: true }, { label: 'Loss', number: true, hint: 'mean cross-entropy in nats' }, { label: 'Accuracy', number: true }, { label: 'Macro F1', number: true, hint: 'mean over classes' }, { label: 'Perplexity', number: true, hint: 'of a language model' }, { label: 'Examples', number: true, hint: 'or predicted tokens' },
  { label: 'Devices', number: true }, { label: 'Time' },
];
const rowsMax = 50;

/** The newest evaluations, newest first. */
export function EvaluationTable({ run }: { run: Run }) {
  const query = useRoute('listEvaluations', { params: { id: run.id } });
  const evaluations = query.data?.items ?? [];
  if (query.data !== undefined && evaluations.length === 0) return null;
  return (
    <QueryState query={query}>
      <WideTable label="Evaluations" columns={columns} minWidth={680} caption={`The newest ${Math.min(rowsMax, evaluations.length)} of ${evaluations.length}. Sums over the devices that answered; no device sends the loss of an example.`}>
        {evaluations.slice(-rowsMax).toReversed().map((evaluation) => (
          <Table.Tr key={evaluation.round}>
            <Table.Td className="number">{evaluation.round}</Table.Td><Table.Td className="number">{decimal(evaluation.loss)}</Table.Td>
            <Table.Td className="number">{percent(evaluation.accuracy)}</Table.Td><Table.Td className="number">{decimal(evaluation.macroF1, 3)}</Table.Td>
            <Table.Td className="number">{decimal(evaluation.perplexity, 1)}</Table.Td><Table.Td className="number">{evaluation.count}</Table.Td>
            <Table.Td className="number">{evaluation.devices}</Table.Td><Table.Td>{timeOf(evaluation.at)}</Table.Td>
          </Table.Tr>
        ))}
      </WideTable>
    </QueryState>
  );
}
