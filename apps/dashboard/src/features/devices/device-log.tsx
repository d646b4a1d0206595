import { Alert, Button, Checkbox, Group, Stack, Table, Text, Title } from '@mantine/core';
import { type DeviceDetail, type ResponseOf } from '@seedfleet/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { fetchRoute } from '../../api/fetch-route';
import { useSession } from '../../session/session';
import { CommandLine } from '../../shell/command-line';
import { dateTimeOf } from '../../shell/format';
import { shellWord } from '../../shell/shell-words';
import { WideTable } from '../../shell/wide-table';

type Line = ResponseOf<'showDeviceLog'>['items'][number];
const followEveryMs = 3_000;

/** The log that a device keeps, fetched from it when asked for: codes, ids and counts; there is no field that a sentence could stand in. */
export function DeviceLog({ device }: { device: DeviceDetail }) {
  const { token } = useSession();
  const [wanted, setWanted] = useState(false);
  const [follows, setFollows] = useState(false);
  const query = useQuery<ResponseOf<'showDeviceLog'>>({
    queryKey: ['device-log', device.id], enabled: wanted, refetchInterval: follows ? followEveryMs : false, refetchOnWindowFocus: false, retry: false,
    queryFn: () => fetchRoute('showDeviceLog', { token: token ?? '', params: { id: device.id }, query: { limit: 100 } }),
  });
  const lines = [...query.data?.items ?? []].reverse();
  return (
    <Stack component="section" aria-labelledby="log" gap="xs">
      <Title order={2} size="h4" id="log">Its log</Title>
      <Text size="sm">Codes, ids and counts, kept on the device and fetched from there: never text, labels or paths.</Text>
      <Group>
        <Button size="xs" variant="default" loading={query.isFetching && !follows} onClick={() => (wanted ? void query.refetch() : setWanted(true))}>{wanted ? 'Fetch again' : 'Fetch its log'}</Button>
        <Checkbox label="Follow" checked={follows} onChange={(event) => { setFollows(event.currentTarget.checked); setWanted(true); }} />
      </Group>
      {query.error === null ? null : <Alert color="red" variant="outline" role="alert" title="Its log could not be fetched">{query.error.message}</Alert>}
      {!wanted || query.data === undefined ? null : lines.length === 0 ? <Text>It has logged nothing yet.</Text> : (
        <WideTable label={`Log of ${device.name}`} columns={[{ label: 'When, by its clock' }, { label: 'Level' }, { label: 'Code' }, { label: 'Run' }, { label: 'Counts' }, { label: 'What to do' }]}>
          {lines.map((line) => (
            <Table.Tr key={line.sequence}>
              <Table.Td>{dateTimeOf(line.at)}</Table.Td><Table.Td>{line.level}</Table.Td><Table.Td className="mono">{line.code}</Table.Td><Table.Td>{line.run ?? '–'}</Table.Td>
              <Table.Td>{countsOf(line)}</Table.Td><Table.Td>{line.level === 'info' ? '–' : line.fix ?? '–'}</Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
      <CommandLine does="The same from a terminal:" line={`seedfleet devices log ${shellWord(device.name)} --follow`} />
    </Stack>
  );
}

const units = { round: 'round', attempt: 'attempt', examples: 'examples', rounds: 'rounds', bytes: 'bytes', milliseconds: 'ms', megabytes: 'MB' } as const;

function countsOf(line: Line): string {
  const counts = (['examples', 'rounds', 'bytes', 'milliseconds', 'megabytes'] as const).flatMap((name) => (line[name] === undefined ? [] : [`${line[name].toLocaleString('en')} ${units[name]}`]));
  return [...(['round', 'attempt'] as const).flatMap((name) => (line[name] === undefined ? [] : [`${units[name]} ${line[name]}`])), ...counts].join(', ') || '–';
}
