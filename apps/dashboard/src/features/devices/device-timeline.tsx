import { Stack, Table, Text, Title } from '@mantine/core';
import { type Device } from '@seedfleet/protocol';
import { useRoute } from '../../api/use-route';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';
import { detailText } from '../audit/detail-text';

/** What was done to a device, newest first, out of the audit log. */
export function DeviceTimeline({ device }: { device: Device }) {
  const entries = useRoute('listAuditEntries', { query: { subject: device.id, limit: 50 } });
  const rows = entries.data?.items ?? [];
  return (
    <Stack component="section" aria-labelledby="timeline" gap="xs">
      <Title order={2} size="h4" id="timeline">What was done to it</Title>
      <QueryState query={entries}>
        {rows.length === 0 ? <Text>Nothing yet.</Text> : (
          <WideTable label={`What was done to ${device.name}`} columns={[{ label: 'When' }, { label: 'Who' }, { label: 'What' }, { label: 'Detail' }]}>
            {rows.map((entry) => (
              <Table.Tr key={entry.sequence}><Table.Td>{dateTimeOf(entry.at)}</Table.Td><Table.Td>{entry.actor}</Table.Td><Table.Td>{entry.action}</Table.Td><Table.Td>{detailText(entry.detail)}</Table.Td></Table.Tr>
            ))}
          </WideTable>
        )}
      </QueryState>
    </Stack>
  );
}
