import { Button, Group, Modal, Stack, Switch, Text, TextInput } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useAction } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';

/** Asks for a new run that begins with the adapter that this run had after some rounds. @param round commits that are kept */
export function BranchRun({ run, round, onClose }: { run: Run; round: number; onClose: () => void }) {
  const [name, setName] = useState(`${run.name.slice(0, 80)} from round ${round}`);
  const [start, setStart] = useState(true);
  const branch = useAction('branchRun');
  const navigate = useNavigate();
  const make = () => branch.mutate({ params: { id: run.id }, body: { round, name, start } }, { onSuccess: ({ id }) => void navigate({ to: '/runs/$id', params: { id: String(id) }, search: {} }) });
  return (
    <Modal opened onClose={onClose} title={`Roll back run ${run.id}, ${run.name}, to its first ${round} rounds?`} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack>
        <Text>
          A new run begins with the adapter of run {run.id} after {round} rounds, with the same settings, and its own log. Run {run.id} stays as it is{run.state === 'running' ? ' and goes on: stop it if the devices shall work for the new one alone' : ''}.
        </Text>
        <TextInput label="Name of the new run" required maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Switch label="Start it at once" checked={start} onChange={(event) => setStart(event.currentTarget.checked)} />
        <CommandLine does="The same from a terminal, where a gentler learning rate can be given:" line={`seedfleet runs branch ${run.id} --round ${round}${start ? '' : ' --draft'}`} />
        {branch.error === null ? null : <Text size="sm" role="alert">{branch.error.message}</Text>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Keep run {run.id} alone</Button>
          <Button disabled={name.trim() === ''} loading={branch.isPending} onClick={make}>Branch from run {run.id}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
