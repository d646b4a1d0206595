import { Stack, Table, Text, Title } from '@mantine/core';
import { type DeviceDetail } from '@seedfleet/protocol';
import { dateTimeOf } from '../../shell/format';
import { WideTable } from '../../shell/wide-table';

/** What a device states of its data and its policy. It enforces the policy itself: nothing here can be changed from outside. */
export function DeviceStatement({ device }: { device: DeviceDetail }) {
  const { statement } = device;
  return (
    <Stack component="section" aria-labelledby="statement" gap="xs">
      <Title order={2} size="h4" id="statement">Its data and what its owner allows</Title>
      {statement === null ? <Text>Its worker does not say: it is of an older version, or has not been connected yet.</Text> : (
        <>
          <Text size="sm">As it stated {dateTimeOf(statement.at)}. Names, counts and fields only: no row ever leaves it.</Text>
          {statement.datasets.length === 0 ? <Text>It was started without data: it follows the log and takes part in no round.</Text> : (
            <WideTable label={`Data of ${device.name}`} columns={[{ label: 'Data' }, { label: 'Examples', number: true, hint: 'counted by the device when its worker started' }, { label: 'Labels', number: true, hint: 'how many different ones' }, { label: 'Fields' }, { label: 'Good for' }, { label: 'Tags' }]}>
              {statement.datasets.map(({ name, format, examples, labels, fields, tasks, tags }) => (
                <Table.Tr key={name}>
                  <Table.Td>{name} ({format})</Table.Td><Table.Td className="number">{examples?.toLocaleString('en') ?? 'being counted'}</Table.Td><Table.Td className="number">{labels ?? '–'}</Table.Td>
                  <Table.Td>{fields.map((field) => `${field.name} (${field.holds})`).join(', ')}</Table.Td><Table.Td>{tasks.join(', ')}</Table.Td><Table.Td>{tags.join(', ') || '–'}</Table.Td>
                </Table.Tr>
              ))}
            </WideTable>
          )}
          <WideTable label={`What the owner of ${device.name} allows`} columns={[{ label: 'Policy' }, { label: 'Value' }]} minWidth={320}>
            {rulesOf(statement.policy).map(([label, value]) => <Table.Tr key={label}><Table.Td>{label}</Table.Td><Table.Td>{value}</Table.Td></Table.Tr>)}
          </WideTable>
        </>
      )}
    </Stack>
  );
}

type Policy = NonNullable<DeviceDetail['statement']>['policy'];
const limitOf = (value: number | null, unit: string) => (value === null ? 'no limit' : `${value.toLocaleString('en')} ${unit}`);

function rulesOf(policy: Policy): [string, string][] {
  return [
    ['Tasks', policy.tasks?.join(', ') ?? 'all'], ['Models', policy.models?.join(', ') ?? 'all'],
    ['Rounds a day (UTC), all runs together', limitOf(policy.roundsPerDay, 'rounds')], ['Scalars a day (UTC), all runs together', limitOf(policy.scalarsPerDay, 'differences')],
    ['Hours, its local time', policy.hours === null ? 'always' : `${policy.hours.from}:00 to ${policy.hours.to}:00`],
    ['Memory of a step', limitOf(policy.memoryMegabytes, 'MB')], ['Precision', policy.precision === 'run' ? 'as the run says' : policy.precision], ['Activations kept for each run', limitOf(policy.cacheMegabytes, 'MB')],
    ['Evaluates with at least', limitOf(policy.evaluationExamplesMin, 'held-out examples')], ['Its doctor may name paths', policy.sharesPaths ? 'yes' : 'no'],
  ];
}
