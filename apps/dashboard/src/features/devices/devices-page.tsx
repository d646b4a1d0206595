import { Badge, Group, Stack, Table, Text, Title } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { EmptyState } from '../../shell/empty-state';
import { dateTimeOf } from '../../shell/format';
import { Pager } from '../../shell/pager';
import { QueryState } from '../../shell/query-state';
import { type DevicesSearch } from '../../shell/search';
import { shellWord } from '../../shell/shell-words';
import { WideTable } from '../../shell/wide-table';
import { BulkActions } from './bulk-actions';
import { DeviceActions } from './device-actions';
import { DeviceFilter } from './device-filter';

const columns = [
  { label: 'Name' }, { label: 'State' }, { label: 'Presence', hint: 'whether an authenticated socket of it is open now' }, { label: 'Tags' }, { label: 'Worker', hint: 'version' },
  { label: 'Last seen' }, { label: 'Key fingerprint', hint: 'as the device printed it when it enrolled' }, { label: 'Actions' },
];

/** The fleet, one row a device; filter and page stand in the address. */
export function DevicesPage() {
  const { filter = '', cursor } = useSearch({ from: '/devices' });
  const navigate = useNavigate({ from: '/devices' });
  const show = (search: DevicesSearch) => void navigate({ search });
  const devices = useRoute('listDevices', { query: { limit: 100, filter, cursor } });
  const count = useRoute('countDevices', { query: { filter } });
  const next = devices.data?.next ?? null;
  const rows = devices.data?.items ?? [];
  return (
    <Stack>
      <Title order={1} size="h2">Devices</Title>
      <DeviceFilter value={filter} onChange={(text) => show(text === '' ? {} : { filter: text })} />
      <QueryState query={devices}>
        {rows.length === 0 && cursor === undefined
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
              <WideTable label="Devices" columns={columns} minWidth={1000}>
                {rows.map((device) => (
                  <Table.Tr key={device.id}>
                    <Table.Td><Text component={Link} to={`/devices/${device.id}`} td="underline">{device.name}</Text></Table.Td>
                    <Table.Td>{device.state}</Table.Td>
                    <Table.Td><Badge variant="outline" color={device.online ? 'teal' : 'gray'}>{device.online ? 'online' : 'offline'}</Badge></Table.Td>
                    <Table.Td>{device.tags.join(', ') || '–'}</Table.Td>
                    <Table.Td>{device.workerVersion ?? '–'}</Table.Td>
                    <Table.Td>{dateTimeOf(device.lastSeenAt)}</Table.Td>
                    <Table.Td className="mono">{device.fingerprint}</Table.Td>
                    <Table.Td><DeviceActions device={device} /></Table.Td>
                  </Table.Tr>
                ))}
              </WideTable>
              <Pager cursor={cursor} next={next} words={{ first: 'First', next: 'Next' }} onGo={(to) => show({ ...(filter === '' ? {} : { filter }), ...(to === undefined ? {} : { cursor: to }) })} />
              <CommandLine does="The same from a terminal:" line={`seedfleet devices list${filter === '' ? '' : ` --filter ${shellWord(filter)}`}`} />
            </>
          )}
      </QueryState>
    </Stack>
  );
}
