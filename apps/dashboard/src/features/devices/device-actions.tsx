import { Button, Group, Modal, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type Device } from '@seedfleet/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { fetchRoute } from '../../api/fetch-route';
import { useSession } from '../../session/session';

const routeOf = { approve: 'approveDevice', suspend: 'suspendDevice', resume: 'resumeDevice', revoke: 'revokeDevice' } as const;

/** What may be done to a device in its state. Revoking cannot be undone: it asks first and names the device. A hundred rows have these: one mutation each, and no dialogue until it is asked for. */
export function DeviceActions({ device }: { device: Device }) {
  const [asking, { open, close }] = useDisclosure(false);
  const { token } = useSession();
  const queries = useQueryClient();
  const change = useMutation<Device, Error, keyof typeof routeOf>({
    mutationFn: (action) => fetchRoute(routeOf[action], { token: token ?? '', params: { id: device.id } }),
    onSettled: () => queries.invalidateQueries(),
  });
  return (
    <Group gap="xs" wrap="nowrap">
      {device.state === 'pending' ? <Button size="xs" onClick={() => change.mutate('approve')}>Approve</Button> : null}
      {device.state === 'active' ? <Button size="xs" variant="default" onClick={() => change.mutate('suspend')}>Suspend</Button> : null}
      {device.state === 'suspended' ? <Button size="xs" variant="default" onClick={() => change.mutate('resume')}>Resume</Button> : null}
      {device.state === 'revoked' ? null : <Button size="xs" variant="default" onClick={open}>Revoke</Button>}
      {change.error === null ? null : <Text size="sm" role="alert">{change.error.message}</Text>}
      {asking ? (
        <Modal opened onClose={close} title={`Revoke ${device.name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
          <Text>Its key is refused from now on and cannot be let in again; the device must enrol anew. What it reported stays in the log.</Text>
          <Group mt="md" justify="flex-end">
            <Button variant="default" onClick={close}>Keep it</Button>
            <Button color="red.9" onClick={() => change.mutate('revoke', { onSuccess: close })}>Revoke {device.name}</Button>
          </Group>
        </Modal>
      ) : null}
    </Group>
  );
}
