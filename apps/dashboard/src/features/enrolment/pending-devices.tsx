import { Button, Stack, Table, Text, Title } from '@mantine/core';
import { type Device } from '@seedfleet/protocol';
import { useAction, useRoute } from '../../api/use-route';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [{ label: 'Name' }, { label: 'Key fingerprint' }, { label: 'Enrolled' }, { label: 'Actions' }];

/** Devices that wait for an operator. The device printed the same fingerprint when it enrolled. */
export function PendingDevices() {
  const query = useRoute('listDevices', { query: { state: 'pending', limit: 100 } });
  const waiting = query.data?.items ?? [];
  return (
    <Stack component="section" aria-labelledby="pending">
      <Title order={2} size="h4" id="pending">Waiting for approval</Title>
      <QueryState query={query}>
        {waiting.length === 0
          ? <Text>Nobody waits. A device that enrols with a token that asks for approval appears here by itself.</Text>
          : (
            <>
              <Text>Approve a device only if it printed the same fingerprint.</Text>
              <WideTable label="Devices that wait for approval" columns={columns}>
                {waiting.map((device) => <PendingRow key={device.id} device={device} />)}
              </WideTable>
            </>
          )}
      </QueryState>
    </Stack>
  );
}

function PendingRow({ device }: { device: Device }) {
  const approve = useAction('approveDevice');
  return (
    <Table.Tr>
      <Table.Td>{device.name}</Table.Td>
      <Table.Td className="mono">{device.fingerprint}</Table.Td>
      <Table.Td>{dateTimeOf(device.enrolledAt)}</Table.Td>
      <Table.Td>
        <Button size="xs" loading={approve.isPending} onClick={() => approve.mutate({ params: { id: device.id } })}>Approve {device.name}</Button>
        {approve.error === null ? null : <Text size="sm" role="alert">{approve.error.message}</Text>}
      </Table.Td>
    </Table.Tr>
  );
}
