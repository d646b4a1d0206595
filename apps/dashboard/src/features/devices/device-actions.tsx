import { Button, Group, Modal, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type Device } from '@seedfleet/protocol';
import { useAction } from '../../api/use-route';

/** What may be done to a device in its state. Revoking cannot be undone: it asks first and names the device. */
export function DeviceActions({ device }: { device: Device }) {
  const [asking, { open, close }] = useDisclosure(false);
  const approve = useAction('approveDevice');
  const suspend = useAction('suspendDevice');
  const resume = useAction('resumeDevice');
  const revoke = useAction('revokeDevice');
  const params = { id: device.id };
  const error = approve.error ?? suspend.error ?? resume.error ?? revoke.error;
  return (
    <Group gap="xs" wrap="nowrap">
      {device.state === 'pending' ? <Button size="xs" onClick={() => approve.mutate({ params })}>Approve</Button> : null}
      {device.state === 'active' ? <Button size="xs" variant="default" onClick={() => suspend.mutate({ params })}>Suspend</Button> : null}
      {device.state === 'suspended' ? <Button size="xs" variant="default" onClick={() => resume.mutate({ params })}>Resume</Button> : null}
      {device.state === 'revoked' ? null : <Button size="xs" variant="default" onClick={open}>Revoke</Button>}
      {error === null ? null : <Text size="sm" role="alert">{error.message}</Text>}
      <Modal opened={asking} onClose={close} title={`Revoke ${device.name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Text>Its key is refused from now on and cannot be let in again; the device must enrol anew. What it reported stays in the log.</Text>
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={close}>Keep it</Button>
          <Button color="red.9" onClick={() => revoke.mutate({ params }, { onSuccess: close })}>Revoke {device.name}</Button>
        </Group>
      </Modal>
    </Group>
  );
}
