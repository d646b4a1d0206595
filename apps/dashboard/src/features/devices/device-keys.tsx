import { Alert, Button, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type DeviceDetail } from '@seedfleet/protocol';
import { useAction } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { dateTimeOf } from '../../shell/format';

/** The key of a device: how old it is, which it had before, and how it gets another one. */
export function DeviceKeys({ device }: { device: DeviceDetail }) {
  const [asking, { open, close }] = useDisclosure(false);
  const rotate = useAction('rotateDeviceKey');
  const invite = useAction('createReturnToken');
  const options = { params: { id: device.id } };
  return (
    <Stack component="section" aria-labelledby="keys" gap="xs">
      <Title order={2} size="h4" id="keys">Its key</Title>
      <Text><span className="mono">{device.fingerprint}</span>, since {dateTimeOf(device.keySince)}</Text>
      {device.formerKeys.map(({ fingerprint, until, cause }) => <Text key={fingerprint} size="sm"><span className="mono">{fingerprint}</span> until {dateTimeOf(until)}: {cause === 'rotated' ? 'it changed its key' : 'it came back under a new key'}</Text>)}
      {device.state === 'revoked' ? null : (
        <Group>
          <Button size="xs" variant="default" loading={rotate.isPending} onClick={() => rotate.mutate(options)}>Ask for a new key</Button>
          <Button size="xs" variant="default" onClick={open}>Re-enrol after a wipe</Button>
        </Group>
      )}
      {rotate.error === null ? null : <Alert color="red" variant="outline" role="alert" title="No new key">{rotate.error.message}</Alert>}
      {rotate.data === undefined ? null : <Text size="sm" role="status">It was asked: it makes a key, signs it with the old one, and comes back under it. The new fingerprint stands above then.</Text>}
      {asking ? (
        <Modal opened onClose={close} title={`Let ${device.name} come back under a new key?`} closeButtonProps={{ 'aria-label': 'Close' }}>
          <Stack gap="sm">
            <Text>For a device that was wiped: it keeps its name, its runs, groups, tags and history. As soon as it enrols with this token, the key that it has now is refused.</Text>
            {invite.error === null ? null : <Text role="alert">{invite.error.message}</Text>}
            {invite.data === undefined ? (
              <Group justify="flex-end">
                <Button variant="default" onClick={close}>Keep its key</Button>
                <Button loading={invite.isPending} onClick={() => invite.mutate({ ...options, body: {} })}>Make a token for {device.name}</Button>
              </Group>
            ) : <CommandLine does={`Run this on ${device.name}, in an empty folder; the token is shown only now, and is good once until ${dateTimeOf(invite.data.expiresAt)}:`} line={`seedfleet-worker enroll --url ${location.origin} --token ${invite.data.token}`} />}
          </Stack>
        </Modal>
      ) : null}
    </Stack>
  );
}
