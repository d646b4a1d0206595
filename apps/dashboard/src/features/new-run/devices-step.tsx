import { Checkbox, Radio, Select, Stack, Table, Text } from '@mantine/core';
import { type Device, type DeviceCount, type Group } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { EmptyState } from '../../shell/empty-state';
import { WideTable } from '../../shell/wide-table';
import { type RunDraft } from './run-draft';

export interface DevicesStepProps {
  draft: RunDraft;
  change: (part: Partial<RunDraft>) => void;
  /** active ones, as many as can be ticked one by one */
  devices: Device[];
  /** of all active devices */
  all: DeviceCount;
  groups: Group[];
  /** who would take part now */
  matching: { count: number; online: number };
}

/** First screen: who may take part, and who of them is there now. */
export function DevicesStep({ draft, change, devices, all, groups, matching }: DevicesStepProps) {
  const { devices: chosen, group } = draft;
  if (all.count === 0) {
    return (
      <EmptyState title="No active device">
        <Text>A run needs devices that are enrolled and approved. <Text component={Link} to="/enrolment" td="underline">Enrol one</Text>, then come back.</Text>
      </EmptyState>
    );
  }
  const choose = (value: string) => change({ devices: value === 'some' ? devices.map((device) => device.id) : null, group: value === 'group' ? groups[0]?.id ?? null : null });
  const toggle = (id: string) => change({ devices: (chosen ?? []).includes(id) ? (chosen ?? []).filter((other) => other !== id) : [...(chosen ?? []), id] });
  return (
    <Stack>
      <Radio.Group label="Who takes part" value={group !== null ? 'group' : chosen === null ? 'all' : 'some'} onChange={choose}>
        <Stack gap="xs" mt="xs">
          <Radio value="all" label={`Every active device: ${all.count} now, and those that enrol later`} />
          <Radio value="group" disabled={groups.length === 0} label="The devices of a group" description={groups.length === 0 ? 'there is no group yet' : undefined} />
          <Radio value="some" label="Only these" />
        </Stack>
      </Radio.Group>
      {group === null ? null : (
        <>
          <Select label="Group" data={groups.map(({ id, name, filter }) => ({ value: id, label: filter === null ? `${name} (by hand)` : `${name} (${filter})` }))} value={group} allowDeselect={false} searchable onChange={(value) => change({ group: value })} />
          <Radio.Group label="While the run goes on" value={draft.membership} onChange={(value) => change({ membership: value === 'frozen' ? 'frozen' : 'followed' })}>
            <Stack gap="xs" mt="xs">
              <Radio value="followed" label="Follow the group" description="who comes into it takes part, who leaves it is not asked any more" />
              <Radio value="frozen" label="Keep the devices of the start" />
            </Stack>
          </Radio.Group>
        </>
      )}
      <Text role="status"><b>{matching.count}</b> of {all.count} devices match, <b>{matching.online}</b> of them online now.</Text>
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
      {chosen === null || all.count <= devices.length ? null : <Text c="dimmed" size="sm">The first {devices.length} of {all.count}: name others by a group.</Text>}
    </Stack>
  );
}
