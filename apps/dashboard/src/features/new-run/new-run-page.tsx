import { Alert, Anchor, Button, Group, Stack, Stepper, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { QueryState } from '../../shell/query-state';
import { DevicesStep } from './devices-step';
import { commandLineOf } from './draft-command';
import { draftOf, requestOf } from './draft-request';
import { PolicyStep } from './policy-step';
import { draftFor, patternsFit, problemOfTask, type RunDraft } from './run-draft';
import { TaskStep } from './task-step';

const last = 2;
const filterOfGroup = (name: string) => `state=active group="${name.replace(/["\\]/g, '\\$&')}"`;

/** A run in three screens: who, what, how. Everything has a default that works but the model and the name, which are asked for. */
export function NewRunPage() {
  const { from } = useSearch({ from: '/runs/new' });
  return (
    <Stack>
      <Title order={1} size="h2">New run</Title>
      {from === undefined ? <Wizard base={{}} /> : <Clone run={from} />}
    </Stack>
  );
}

/** Begins with what another run was asked to be. */
function Clone({ run }: { run: number }) {
  const request = useRoute('showRunRequest', { params: { id: run } });
  return (
    <QueryState query={request}>
      <Text>With the settings of <Anchor component={Link} to={`/runs/${run}`} inherit underline="always">run {run}</Anchor>, under another number, with keys and a log of its own.</Text>
      {request.data === undefined ? null : <Wizard base={draftOf(request.data)} />}
    </QueryState>
  );
}

function Wizard({ base }: { base: Partial<RunDraft> }) {
  const search = useSearch({ from: '/runs/new' });
  const navigate = useNavigate({ from: '/runs/new' });
  const step = (search.step ?? 1) - 1;
  const [changes, setChanges] = useState(search.draft ?? {});
  const [settled] = useDebouncedValue(changes, 300);
  // What is typed comes into the address when the hands rest, without an entry in the history; a screen is one.
  useEffect(() => {
    void navigate({ search: ({ draft: _draft, ...before }) => (Object.keys(settled).length === 0 ? before : { ...before, draft: settled }), replace: true });
  }, [navigate, settled]);
  const deviceQuery = useRoute('listDevices', { query: { state: 'active', limit: 500 } });
  const countQuery = useRoute('countDevices', { query: { filter: 'state=active' } });
  const modelQuery = useRoute('listModels');
  const groupQuery = useRoute('listGroups');
  const create = useAction('createRun');
  const groups = groupQuery.data?.items ?? [];
  const groupOf = (id: string | null) => groups.find((group) => group.id === id);
  const chosenGroup = groupOf(changes.group === undefined ? base.group ?? null : changes.group);
  const inGroup = useRoute('countDevices', { query: { filter: chosenGroup === undefined ? 'state=active' : filterOfGroup(chosenGroup.name) } });
  const devices = deviceQuery.data?.items ?? [];
  const models = (modelQuery.data?.items ?? []).filter((known) => known.state === 'ready');
  const chosen = changes.devices === undefined ? base.devices ?? null : changes.devices;
  const meant = chosen === null ? inGroup.data : { count: chosen.length, online: devices.filter((device) => device.online && chosen.includes(device.id)).length };
  const matching = { count: meant?.count ?? 0, online: meant?.online ?? 0 };
  const draft: RunDraft = { ...draftFor(matching.count), model: models[0]?.id ?? null, name: models[0]?.name ?? '', ...(models[0]?.tasks[0] === undefined ? {} : { task: models[0].tasks[0] }), ...base, ...changes };
  const model = models.find(({ id }) => id === draft.model);
  const change = (part: Partial<RunDraft>) => setChanges((before) => ({ ...before, ...part }));
  const go = (to: number) => void navigate({ search: ({ step: _step, draft: _draft, ...before }) => ({ ...before, ...(Object.keys(changes).length === 0 ? {} : { draft: changes }), ...(to === 0 ? {} : { step: to + 1 }) }) });

  const complete = [
    matching.count > 0,
    model !== undefined && draft.name.trim() !== '' && model.tasks.includes(draft.task) && problemOfTask(draft) === null && patternsFit(draft, model) && draft.alpha > 0,
    draft.reportsMin <= draft.cohort && draft.learningRate > 0,
  ];
  const reachable = (target: number) => complete.slice(0, target).every(Boolean);
  const start = () => model !== undefined && create.mutate({ body: requestOf(draft, model.id) }, { onSuccess: (run) => void navigate({ to: '/runs/$id', params: { id: String(run.id) }, search: {} }) });
  const held = draft.startAt !== null || draft.after !== null || draft.whenFree;
  return (
    <QueryState query={deviceQuery}>
      <QueryState query={modelQuery}>
        <QueryState query={countQuery}>
          <Stepper active={step} onStepClick={go} size="sm" allowNextStepsSelect={false} classNames={{ steps: 'wizard-steps' }}>
            <Stepper.Step label="Devices">{countQuery.data === undefined ? null : <DevicesStep draft={draft} change={change} devices={devices} all={countQuery.data} groups={groups} matching={matching} />}</Stepper.Step>
            <Stepper.Step label="Task and model"><TaskStep draft={draft} change={change} models={models} /></Stepper.Step>
            <Stepper.Step label="Policy and cost">{model === undefined ? null : <PolicyStep draft={draft} change={change} model={model} devices={matching.count} groups={groups} />}</Stepper.Step>
          </Stepper>
          {create.error === null ? null : <Alert color="red" variant="outline" role="alert" title="The run was not started">{create.error.message}</Alert>}
          <Group>
            <Button variant="default" disabled={step === 0} onClick={() => go(step - 1)}>Back</Button>
            {step < last
              ? <Button disabled={!reachable(step + 1)} onClick={() => go(step + 1)}>Next</Button>
              : <Button disabled={!reachable(last + 1)} loading={create.isPending} onClick={start}>{held ? 'Schedule' : 'Start'} on {matching.count} {matching.count === 1 ? 'device' : 'devices'}</Button>}
          </Group>
          {step === last && model !== undefined ? <CommandLine does="The same from a terminal:" line={commandLineOf(draft, model.id)} /> : null}
        </QueryState>
      </QueryState>
    </QueryState>
  );
}
