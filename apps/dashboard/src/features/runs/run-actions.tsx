import { Button, Group, Modal, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type Run } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { useAction } from '../../api/use-route';

/** What may be done to a run in its state. Stopping ends it: it asks first and names the run. */
export function RunActions({ run }: { run: Run }) {
  const [asking, { open, close }] = useDisclosure(false);
  const start = useAction('startRun');
  const pause = useAction('pauseRun');
  const resume = useAction('resumeRun');
  const stop = useAction('stopRun');
  const params = { id: run.id };
  const error = start.error ?? pause.error ?? resume.error ?? stop.error;
  const going = run.state === 'running' || run.state === 'paused' || run.state === 'queued' || run.state === 'scheduled';
  return (
    <Group gap="xs">
      {error === null ? null : <Text size="sm" role="alert">{error.message}</Text>}
      {run.state === 'draft' ? <Button onClick={() => start.mutate({ params })}>Start</Button> : null}
      {run.state === 'running' ? <Button variant="default" onClick={() => pause.mutate({ params })}>Pause</Button> : null}
      {run.state === 'paused' ? <Button onClick={() => resume.mutate({ params })}>Resume</Button> : null}
      <Button component={Link} to={`/runs/new?from=${run.id}`} variant="default">Clone</Button>
      {going ? <Button variant="default" onClick={open}>Stop</Button> : null}
      <Modal opened={asking} onClose={close} title={`Stop run ${run.id}, ${run.name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Text>It ends here, after {run.round} rounds, and cannot be started again. Its log and adapter stay.</Text>
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={close}>Keep it going</Button>
          <Button color="red.9" onClick={() => stop.mutate({ params }, { onSuccess: close })}>Stop run {run.id}</Button>
        </Group>
      </Modal>
    </Group>
  );
}
