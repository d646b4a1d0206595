import { Stack, Table, Text, Title } from '@mantine/core';
import { type Device, type TimelineEntry } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useRoute } from '../../api/use-route';
import { dateTimeOf } from '../../shell/format';
import { Pager } from '../../shell/pager';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const words: Record<TimelineEntry['kind'], string> = {
  enrolled: 'enrolled', approved: 'approved by an operator', suspended: 'suspended', resumed: 'resumed', revoked: 'revoked', tagged: 'given other tags',
  'key-rotated': 'changed its key', 'key-rotation-asked': 'asked for a new key', 're-enrolment-offered': 'given a token to come back with', 're-enrolled': 'came back under a new key',
  cloned: 'two processes took turns with its key', connected: 'connected', disconnected: 'disconnected', reported: 'reported', 'run-failed': 'could not take part in a run', 'run-left': 'left a run', error: 'logged an error',
};

/** What happened to a device and came of it, newest first. */
export function DeviceTimeline({ device }: { device: Device }) {
  const [cursor, setCursor] = useState<string>();
  const query = useRoute('listDeviceTimeline', { params: { id: device.id }, query: { limit: 30, ...(cursor === undefined ? {} : { cursor }) } });
  const entries = query.data?.items ?? [];
  return (
    <Stack component="section" aria-labelledby="timeline" gap="xs">
      <Title order={2} size="h4" id="timeline">What happened</Title>
      <QueryState query={query}>
        {entries.length === 0 ? <Text>Nothing yet.</Text> : (
          <WideTable label={`What happened to ${device.name}`} columns={[{ label: 'When' }, { label: 'What' }, { label: 'Run' }, { label: 'Detail' }]}>
            {entries.map((entry, place) => (
              <Table.Tr key={`${entry.at} ${entry.kind} ${place}`}>
                <Table.Td>{dateTimeOf(entry.at)}</Table.Td><Table.Td>{words[entry.kind]}</Table.Td>
                <Table.Td>{entry.run === null ? '–' : <Text component={Link} to={`/runs/${entry.run}`} td="underline">run {entry.run}</Text>}</Table.Td><Table.Td>{detailOf(entry)}</Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
        <Pager cursor={cursor} next={query.data?.next ?? null} words={{ first: 'Newest', next: 'Older' }} onGo={setCursor} />
        <Text size="sm">Who did it stands in the <Text span component={Link} to="/audit" td="underline">audit log</Text>.</Text>
      </QueryState>
    </Stack>
  );
}

function detailOf({ code, reports, firstRound, lastRound }: TimelineEntry): string {
  if (reports !== null) return `${reports.toLocaleString('en')} ${reports === 1 ? 'round' : 'rounds'} of that day (UTC), from ${firstRound} to ${lastRound}`;
  return code ?? '–';
}
