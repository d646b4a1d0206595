import { Alert, Button, Checkbox, Group, Stack, Table, Text, Title } from '@mantine/core';
import { type DeviceDetail, type ResponseOf } from '@seedfleet/protocol';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
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
  const [follows, setFollows] = useState(false);
  // Not one of the answers that are read anew whenever something changes: each look is a question to the device.
  const { mutate: look, data, error, isPending } = useMutation<ResponseOf<'showDeviceLog'>>({ mutationFn: () => fetchRoute('showDeviceLog', { token: token ?? '', params: { id: device.id }, query: { limit: 100 } }) });
  useEffect(() => {
    if (!follows) return undefined;
    look();
    const timer = setInterval(() => look(), followEveryMs);
    return () => clearInterval(timer);
  }, [follows, look]);
  const [lines, setLines] = useState<Line[]>();
  useEffect(() => {
    if (data !== undefined) setLines([...data.items].reverse());
  }, [data]);
  return (
    <Stack component="section" aria-labelledby="log" gap="xs">
      <Title order={2} size="h4" id="log">Its log</Title>
      <Text size="sm">Codes, ids and counts, kept on the device and fetched from there: never text, labels or paths.</Text>
      <Group>
        <Button size="xs" variant="default" loading={isPending && !follows} onClick={() => look()}>{lines === undefined ? 'Fetch its log' : 'Fetch again'}</Button>
        <Checkbox label="Follow" checked={follows} onChange={(event) => setFollows(event.currentTarget.checked)} />
      </Group>
      {error === null ? null : <Alert color="red" variant="outline" role="alert" title="Its log could not be fetched">{error.message}</Alert>}
      {lines === undefined ? null : lines.length === 0 ? <Text>It has logged nothing yet.</Text> : (
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
