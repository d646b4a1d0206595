import { Checkbox, Radio, Stack, Table, Text } from '@mantine/core';
import { type Device } from '@seedfleet/protocol';
import { WideTable } from '../../shell/wide-table';
import { EmptyState } from '../../shell/empty-state';
import { Link } from '@tanstack/react-router';

export interface DevicesStepProps {
  /** active ones */
  devices: Device[];
  /** null: all */
  chosen: string[] | null;
  onChange: (chosen: string[] | null) => void;
}

/** First screen: who may take part, and who of them is there now. */
export function DevicesStep({ devices, chosen, onChange }: DevicesStepProps) {
  const online = (ids: string[] | null) => devices.filter((device) => device.online && (ids === null || ids.includes(device.id))).length;
  if (devices.length === 0) {
    return (
      <EmptyState title="No active device">
        <Text>A run needs devices that are enrolled and approved. <Text component={Link} to="/enrolment" td="underline">Enrol one</Text>, then come back.</Text>
      </EmptyState>
    );
  }
  const toggle = (id: string) => onChange((chosen ?? []).includes(id) ? (chosen ?? []).filter((other) => other !== id) : [...(chosen ?? []), id]);
  return (
    <Stack>
      <Radio.Group label="Who takes part" value={chosen === null ? 'all' : 'some'} onChange={(value) => onChange(value === 'all' ? null : devices.map((device) => device.id))}>
        <Stack gap="xs" mt="xs">
          <Radio value="all" label={`Every active device: ${devices.length} now`} />
          <Radio value="some" label="Only these" />
        </Stack>
      </Radio.Group>
      <Text role="status"><b>{chosen === null ? devices.length : chosen.length}</b> of {devices.length} devices match, <b>{online(chosen)}</b> of them online now.</Text>
      {chosen === null ? null : (
        <WideTable label="Active devices" columns={[{ label: 'Takes part' }, { label: 'Presence' }, { label: 'Key fingerprint' }]} minWidth={480}>
          {devices.map((device) => (
            <Table.Tr key={device.id}>
              <Table.Td><Checkbox label={device.name} checked={chosen.includes(device.id)} onChange={() => toggle(device.id)} /></Table.Td>
              <Table.Td>{device.online ? 'online' : 'offline'}</Table.Td><Table.Td className="mono">{device.fingerprint}</Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
    </Stack>
  );
}
