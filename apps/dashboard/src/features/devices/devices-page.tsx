import { Badge, Group, Select, Stack, Table, Text, Title } from '@mantine/core';
import { deviceStates } from '@seedfleet/protocol';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { EmptyState } from '../../shell/empty-state';
import { dateTimeOf } from '../../shell/format';
import { Pager } from '../../shell/pager';
import { QueryState } from '../../shell/query-state';
import { type DevicesSearch } from '../../shell/search';
import { WideTable } from '../../shell/wide-table';
import { DeviceActions } from './device-actions';

const columns = [
  { label: 'Name' }, { label: 'State' }, { label: 'Presence', hint: 'whether an authenticated socket of it is open now' }, { label: 'Worker', hint: 'version' }, { label: 'Last seen' },
  { label: 'Key fingerprint', hint: 'as the device printed it when it enrolled' }, { label: 'Actions' },
];

/** The fleet, one row a device; filter and page stand in the address. */
export function DevicesPage() {
  const { state, cursor } = useSearch({ from: '/devices' });
  const navigate = useNavigate({ from: '/devices' });
  const show = (search: DevicesSearch) => void navigate({ search });
  const devices = useRoute('listDevices', { query: { limit: 100, state, cursor } });
  const next = devices.data?.next ?? null;
  const rows = devices.data?.items ?? [];
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">Devices</Title>
        <Select aria-label="State" placeholder="All states" data={[...deviceStates]} value={state ?? null} clearable
          clearButtonProps={{ 'aria-label': 'Show all states' }} onChange={(value) => show({ state: deviceStates.find((known) => known === value) })} />
      </Group>
      <QueryState query={devices}>
        {rows.length === 0
          ? (
            <EmptyState title={state === undefined ? 'No device yet' : `No device is ${state}`}>
              {state === undefined ? <Text>A device is a machine that keeps examples of its own. <Text component={Link} to="/enrolment" td="underline">Make a token</Text> and run one line on it.</Text> : null}
            </EmptyState>
          )
          : (
            <>
              <WideTable label="Devices" columns={columns} minWidth={900}>
                {rows.map((device) => (
                  <Table.Tr key={device.id}>
                    <Table.Td>{device.name}</Table.Td>
                    <Table.Td>{device.state}</Table.Td>
                    <Table.Td><Badge variant="outline" color={device.online ? 'teal' : 'gray'}>{device.online ? 'online' : 'offline'}</Badge></Table.Td>
                    <Table.Td>{device.workerVersion ?? '–'}</Table.Td>
                    <Table.Td>{dateTimeOf(device.lastSeenAt)}</Table.Td>
                    <Table.Td className="mono">{device.fingerprint}</Table.Td>
                    <Table.Td><DeviceActions device={device} /></Table.Td>
                  </Table.Tr>
                ))}
              </WideTable>
              <Pager cursor={cursor} next={next} words={{ first: 'First', next: 'Next' }} onGo={(to) => show({ state, cursor: to })} />
            </>
          )}
      </QueryState>
    </Stack>
  );
}
