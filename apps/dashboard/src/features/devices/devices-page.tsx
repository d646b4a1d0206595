import { Badge, Group, Stack, Table, Text, Title } from '@mantine/core';
import { type Device } from '@seedfleet/protocol';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { memo } from 'react';
import { usePages } from '../../api/use-pages';
import { useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { EmptyState } from '../../shell/empty-state';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { shellWord } from '../../shell/shell-words';
import { VirtualTable } from '../../shell/virtual-table';
import { BulkActions } from './bulk-actions';
import { DeviceActions } from './device-actions';
import { DeviceFilter } from './device-filter';

const columns = [
  { label: 'Name' }, { label: 'State' }, { label: 'Presence', hint: 'whether an authenticated socket of it is open now' }, { label: 'Tags' }, { label: 'Worker', hint: 'version' },
  { label: 'Last seen' }, { label: 'Key fingerprint', hint: 'as the device printed it when it enrolled' }, { label: 'Actions' },
];

/** The fleet, one row a device; the filter stands in the address. */
export function DevicesPage() {
  const { filter = '' } = useSearch({ from: '/devices' });
  const navigate = useNavigate({ from: '/devices' });
  const pages = usePages('listDevices', { query: { limit: 100, filter } });
  const count = useRoute('countDevices', { query: { filter } });
  return (
    <Stack>
      <Title order={1} size="h2">Devices</Title>
      <DeviceFilter value={filter} onChange={(text) => void navigate({ search: text === '' ? {} : { filter: text } })} />
      <QueryState query={pages}>
        {pages.items.length === 0
          ? (
            <EmptyState title={filter === '' ? 'No device yet' : 'The filter means no device'}>
              {filter === '' ? <Text>A device is a machine that keeps examples of its own. <Text component={Link} to="/enrolment" td="underline">Make a token</Text> and run one line on it.</Text> : <Text>Change it, or <Text component={Link} to="/devices" td="underline">show all devices</Text>.</Text>}
            </EmptyState>
          )
          : (
            <>
              <Group justify="space-between">
                <Text role="status">{count.data === undefined ? '' : `${count.data.count} devices, ${count.data.online} online`}</Text>
                {filter === '' || count.data === undefined ? null : <BulkActions filter={filter} count={count.data.count} />}
              </Group>
              <VirtualTable label="Devices" columns={columns} minWidth={1100} pages={pages} keyOf={({ id }) => id}>{(device) => <DeviceCells device={device} />}</VirtualTable>
              <CommandLine does="The same from a terminal:" line={`seedfleet devices list${filter === '' ? '' : ` --filter ${shellWord(filter)}`}`} />
            </>
          )}
      </QueryState>
    </Stack>
  );
}

/** Drawn anew only where the device has changed: a filter or a scroll leaves most rows as they are. */
const DeviceCells = memo(function DeviceCells({ device }: { device: Device }) {
  return (
    <>
      <Table.Td><Text component={Link} to={`/devices/${device.id}`} td="underline">{device.name}</Text>{device.clonedAt === null ? null : <Badge color="red" variant="outline">copied key</Badge>}</Table.Td>
      <Table.Td>{device.state}</Table.Td>
      <Table.Td><Badge variant="outline" color={device.online ? 'teal' : 'gray'}>{device.online ? 'online' : 'offline'}</Badge></Table.Td>
      <Table.Td>{device.tags.join(', ') || '–'}</Table.Td>
      <Table.Td>{device.workerVersion ?? '–'}</Table.Td>
      <Table.Td title={device.lastSeenAt ?? undefined}>{dateTimeOf(device.lastSeenAt)}</Table.Td>
      <Table.Td className="mono" title={device.fingerprint}>{device.fingerprint}</Table.Td>
      <Table.Td><DeviceActions device={device} /></Table.Td>
    </>
  );
});
