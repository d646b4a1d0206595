import { Alert, Button, Group, Stack, Stepper, Title } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { QueryState } from '../../shell/query-state';
import { DevicesStep } from './devices-step';
import { PolicyStep } from './policy-step';
import { commandLineOf, draftFor, patternsFit, problemOfTask, requestOf, type RunDraft } from './run-draft';
import { TaskStep } from './task-step';

const last = 2;

/** A run in three screens: who, what, how. Everything has a default that works but the model and the name, which are asked for. */
export function NewRunPage() {
  const [step, setStep] = useState(0);
  const [changes, setChanges] = useState<Partial<RunDraft>>({});
  const deviceQuery = useRoute('listDevices', { query: { state: 'active', limit: 500 } });
  const modelQuery = useRoute('listModels');
  const create = useAction('createRun');
  const navigate = useNavigate();
  const devices = deviceQuery.data?.items ?? [];
  const models = (modelQuery.data?.items ?? []).filter((known) => known.state === 'ready');
  const matching = changes.devices?.length ?? devices.length;
  const draft: RunDraft = { ...draftFor(matching), model: models[0]?.id ?? null, name: models[0]?.name ?? '', ...(models[0]?.tasks[0] === undefined ? {} : { task: models[0].tasks[0] }), ...changes };
  const model = models.find(({ id }) => id === draft.model);
  const change = (part: Partial<RunDraft>) => setChanges((before) => ({ ...before, ...part }));

  const complete = [
    matching > 0,
    model !== undefined && draft.name.trim() !== '' && model.tasks.includes(draft.task) && problemOfTask(draft) === null && patternsFit(draft, model) && draft.alpha > 0,
    draft.reportsMin <= draft.cohort && draft.learningRate > 0,
  ];
  const reachable = (target: number) => complete.slice(0, target).every(Boolean);
  const start = () => model !== undefined && create.mutate({ body: requestOf(draft, model.id) }, { onSuccess: (run) => void navigate({ to: '/runs/$id', params: { id: String(run.id) }, search: {} }) });

  return (
    <Stack>
      <Title order={1} size="h2">New run</Title>
      <QueryState query={deviceQuery}>
        <QueryState query={modelQuery}>
          <Stepper active={step} onStepClick={setStep} size="sm" allowNextStepsSelect={false} classNames={{ steps: 'wizard-steps' }}>
            <Stepper.Step label="Devices"><DevicesStep devices={devices} chosen={draft.devices} onChange={(chosen) => change({ devices: chosen })} /></Stepper.Step>
            <Stepper.Step label="Task and model"><TaskStep draft={draft} change={change} models={models} /></Stepper.Step>
            <Stepper.Step label="Policy and cost">{model === undefined ? null : <PolicyStep draft={draft} change={change} model={model} devices={matching} />}</Stepper.Step>
          </Stepper>
          {create.error === null ? null : <Alert color="red" variant="outline" role="alert" title="The run was not started">{create.error.message}</Alert>}
          <Group>
            <Button variant="default" disabled={step === 0} onClick={() => setStep(step - 1)}>Back</Button>
            {step < last
              ? <Button disabled={!reachable(step + 1)} onClick={() => setStep(step + 1)}>Next</Button>
              : <Button disabled={!reachable(last + 1)} loading={create.isPending} onClick={start}>Start on {matching} {matching === 1 ? 'device' : 'devices'}</Button>}
          </Group>
          {step === last && model !== undefined ? <CommandLine does="The same from a terminal:" line={commandLineOf(draft, model.id)} /> : null}
        </QueryState>
      </QueryState>
    </Stack>
  );
}
