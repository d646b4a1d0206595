import { Alert, Badge, Button, Group, Stack, Table, TagsInput, Text, Title } from '@mantine/core';
import { type Device, type DeviceDetail } from '@seedfleet/protocol';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';
import { DeviceActions } from './device-actions';
import { DeviceCalls } from './device-calls';
import { DeviceKeys } from './device-keys';
import { DeviceLog } from './device-log';
import { DeviceStatement } from './device-statement';
import { DeviceTimeline } from './device-timeline';

/** One device: who it is, what it runs, what was done to it. */
export function DevicePage() {
  const { id } = useParams({ from: '/devices/$id' });
  const query = useRoute('showDevice', { params: { id } });
  const device = query.data;
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">{device?.name ?? 'Device'}</Title>
        <Text component={Link} to="/devices" td="underline">All devices</Text>
      </Group>
      <QueryState query={query}>
        {device === undefined ? null : (
          <>
            <Group><Badge variant="outline" color={device.online ? 'teal' : 'gray'}>{device.online ? 'online' : 'offline'}</Badge><DeviceActions device={device} /></Group>
            {device.clonedAt === null ? null : (
              <Alert color="red" variant="outline" role="alert" title="Somebody has a copy of its key">
                Two processes took turns with the key of {device.name}, last at {dateTimeOf(device.clonedAt)}. Each connection ends that of the other, so neither works. Find the copy and stop it; if it is not yours, enrol the device
                again under a new key, or revoke it.
              </Alert>
            )}
            {device.lastError === null ? null : <LastError error={device.lastError} />}
            <WideTable label={`What is known of ${device.name}`} columns={[{ label: 'What' }, { label: 'Value' }]} minWidth={320}>
              {propertiesOf(device).map(([label, value]) => <Table.Tr key={label}><Table.Td>{label}</Table.Td><Table.Td className={label.includes('fingerprint') || label === 'Id' ? 'mono' : undefined}>{value}</Table.Td></Table.Tr>)}
            </WideTable>
            <DeviceTags key={device.id} device={device} />
            <DeviceStatement device={device} />
            <DeviceCalls key={`calls ${device.id}`} device={device} />
            <DeviceKeys key={`keys ${device.id}`} device={device} />
            <DeviceLog key={`log ${device.id}`} device={device} />
            <DeviceTimeline device={device} />
          </>
        )}
      </QueryState>
    </Stack>
  );
}

const amount = (value: number | null, unit: string) => (value === null ? '–' : `${value.toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`);

function propertiesOf(device: Device): [string, string][] {
  return [
    ['Id', device.id], ['State', device.state], ['Key fingerprint', device.fingerprint], ['Enrolled', dateTimeOf(device.enrolledAt)], ['Last seen', dateTimeOf(device.lastSeenAt)],
    ['Worker', device.workerVersion ?? '–'], ['Platform', device.platform ?? '–'],
    ['Threads', String(device.threads ?? '–')], ['Memory of the machine', amount(device.memoryMegabytes, 'MB')], ['A step, as it measured', amount(device.forwardMs, 'ms')], ['Peak of its process', amount(device.peakMegabytes, 'MB')],
  ];
}

function LastError({ error: { at, code, run, fix } }: { error: NonNullable<DeviceDetail['lastError']> }) {
  return (
    <Alert color="orange" variant="outline" title={`Its last error: ${code}`}>
      <Text size="sm">{dateTimeOf(at)}, by its clock{run === null ? '' : `, in run ${run}`}.{fix === null ? '' : ` What to do: ${fix}`}</Text>
    </Alert>
  );
}

function DeviceTags({ device }: { device: Device }) {
  const [tags, setTags] = useState(device.tags);
  const save = useAction('changeDeviceTags');
  const changed = tags.join(' ') !== device.tags.join(' ');
  return (
    <Stack gap="xs" component="section" aria-labelledby="tags">
      <Title order={2} size="h4" id="tags">Tags</Title>
      <TagsInput label="Words to find it by, also in groups and filters" placeholder="lab" value={tags} onChange={setTags} clearable={false} />
      <Group><Button size="xs" disabled={!changed} loading={save.isPending} onClick={() => save.mutate({ params: { id: device.id }, body: { tags } })}>Save tags</Button></Group>
      {save.error === null ? null : <Text role="alert">{save.error.message}</Text>}
    </Stack>
  );
}
