import { Badge, Group, ScrollArea, Select, Stack, Table, Text, Title } from '@mantine/core';
import { deviceStates, type DeviceState } from '@seedfleet/protocol';
import { useState } from 'react';
import { useRoute } from '../../api/use-route';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { DeviceActions } from './device-actions';

/** The fleet, one row a device. */
export function DevicesPage() {
  const [state, setState] = useState<DeviceState | null>(null);
  const devices = useRoute('listDevices', { query: { limit: 100, ...(state === null ? {} : { state }) } });
  const rows = devices.data?.items ?? [];
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">Devices</Title>
        <Select aria-label="State" placeholder="All states" data={[...deviceStates]} value={state} clearable
          clearButtonProps={{ 'aria-label': 'Show all states' }} onChange={(value) => setState(deviceStates.find((known) => known === value) ?? null)} />
      </Group>
      <QueryState query={devices}>
        {rows.length === 0
          ? <Text>No device here. Make a token with <code>seedfleet tokens create</code>; on the device run <code>seedfleet-worker enroll</code> with it.</Text>
          : (
            <ScrollArea tabIndex={0} role="region" aria-label="Devices">
              <Table striped miw={800}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th><Table.Th>State</Table.Th><Table.Th>Presence</Table.Th><Table.Th>Worker</Table.Th>
                    <Table.Th>Last seen</Table.Th><Table.Th>Key fingerprint</Table.Th><Table.Th>Actions</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
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
                </Table.Tbody>
              </Table>
            </ScrollArea>
          )}
      </QueryState>
    </Stack>
  );
}
