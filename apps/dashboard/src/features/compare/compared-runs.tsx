import { Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useSeriesOf } from '../../api/use-series';
import { decimal, percent } from '../../shell/format';
import { WideTable } from '../../shell/wide-table';
import { type Compared } from './compare-page';
import { differencesOf } from './manifest-difference';

const columns = [{ label: 'Run' }, { label: 'State' }, { label: 'Rounds', number: true }, { label: 'Lowest loss', number: true, hint: 'of all evaluations, nats' }, { label: 'Best accuracy', number: true, hint: 'of all evaluations' }];
const present = (values: readonly (number | null)[] = []) => values.filter((value) => value !== null);

/** How runs came out, and the settings in which they differ. */
export function ComparedRuns({ compared }: { compared: readonly Compared[] }) {
  const answers = useSeriesOf(compared.map(({ run }) => ({ id: run.id, going: false, names: ['loss', 'accuracy'], search: {} })));
  const differences = differencesOf(compared.map(({ manifest }) => manifest));
  return (
    <>
      <WideTable label="How the runs came out" columns={columns}>
        {compared.map(({ run }, index) => {
          const { loss, accuracy } = answers[index]?.data?.evaluations?.series ?? {};
          const losses = present(loss?.min ?? loss?.mean);
          const accuracies = present(accuracy?.max ?? accuracy?.mean);
          return (
            <Table.Tr key={run.id}>
              <Table.Td><Text component={Link} to={`/runs/${run.id}`} td="underline">{run.id} {run.name}</Text></Table.Td><Table.Td>{run.state}</Table.Td>
              <Table.Td className="number">{run.round} of {run.roundsMax}</Table.Td>
              <Table.Td className="number">{losses.length === 0 ? '–' : decimal(Math.min(...losses))}</Table.Td><Table.Td className="number">{accuracies.length === 0 ? '–' : percent(Math.max(...accuracies))}</Table.Td>
            </Table.Tr>
          );
        })}
      </WideTable>
      <Title order={2} size="h4">Settings in which they differ</Title>
      {differences.length === 0 ? <Text>None: only the keys differ, and with them the directions.</Text> : (
        <WideTable label="Settings in which the runs differ" columns={[{ label: 'Setting' }, ...compared.map(({ run }) => ({ label: `${run.id} ${run.name}` }))]}>
          {differences.map(({ path, values }) => (
            <Table.Tr key={path}><Table.Td className="mono">{path}</Table.Td>{values.map((value, index) => <Table.Td key={compared[index]?.run.id ?? index} className="mono">{value ?? '–'}</Table.Td>)}</Table.Tr>
          ))}
        </WideTable>
      )}
    </>
  );
}
