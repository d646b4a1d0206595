import { Accordion, SimpleGrid, Stack, Text } from '@mantine/core';
import { type Group, type Model } from '@seedfleet/protocol';
import { CanaryFields } from './canary-fields';
import { EstimatorFields } from './estimator-fields';
import { NumberField } from './number-field';
import { RunCost } from './run-cost';
import { StartFields } from './start-fields';
import { StopFields } from './stop-fields';
import { type StepProps } from './task-step';

export interface PolicyStepProps extends StepProps { model: Model; devices: number; groups: Group[] }

/** Third screen: how rounds go, what ends the run, whom it asks first, when it starts, and what all that costs before anything is sent. */
export function PolicyStep({ draft, change, model, devices, groups }: PolicyStepProps) {
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
        <NumberField label="Rounds" description="commits until the run is done" value={draft.rounds} min={1} onChange={(rounds) => change({ rounds })} />
        <NumberField label="Cohort" description="reports that a round wants" value={draft.cohort} min={1} max={65_535} onChange={(cohort) => change({ cohort })} />
        <NumberField label="Reports at least" description="fewer at the deadline: the round is tried again" value={draft.reportsMin} min={1} max={draft.cohort} onChange={(reportsMin) => change({ reportsMin })} />
        <NumberField label="Deadline, seconds" description="time for the reports of a round" value={draft.deadlineSeconds} min={0.1} whole={false} onChange={(deadlineSeconds) => change({ deadlineSeconds })} />
        <NumberField label="Queries" description="directions a round: numbers in a report" value={draft.queries} min={2} max={255} onChange={(queries) => change({ queries })} />
        <NumberField label="Learning rate" description={`of the ${draft.step} step`} value={draft.learningRate} min={0} whole={false} onChange={(learningRate) => change({ learningRate })} />
        <NumberField label="Batch, examples" description="examples behind one report" value={draft.batchExamples} min={1} max={65_536} onChange={(batchExamples) => change({ batchExamples })} />
        <NumberField label="Evaluate every" description="rounds; 0: only before and after" value={draft.evaluationEveryRounds} min={0} onChange={(evaluationEveryRounds) => change({ evaluationEveryRounds })} />
      </SimpleGrid>
      {draft.reportsMin > draft.cohort ? <Text role="alert">Reports at least must not exceed the cohort.</Text> : null}
      <Accordion multiple variant="separated" order={2} keepMounted={false}>
        <Section value="stop" title="Stop early" said={stopWords(draft)}><StopFields draft={draft} change={change} /></Section>
        <Section value="canary" title="A few devices first" said={draft.canaryRounds === null ? 'no: every device from the start' : `${draft.canaryRounds} commits`}><CanaryFields draft={draft} change={change} groups={groups} /></Section>
        <Section value="start" title="When it starts" said={startWords(draft)}><StartFields draft={draft} change={change} /></Section>
        <Section value="estimator" title="Estimator and step" said={`${draft.estimator}, ${draft.step}`}><EstimatorFields draft={draft} change={change} /></Section>
      </Accordion>
      <RunCost draft={draft} model={model} devices={devices} />
    </Stack>
  );
}

function Section({ value, title, said, children }: { value: string; title: string; said: string; children: React.ReactNode }) {
  return (
    <Accordion.Item value={value}>
      <Accordion.Control>{title} <Text span c="dimmed" size="sm">{said}</Text></Accordion.Control>
      <Accordion.Panel>{children}</Accordion.Panel>
    </Accordion.Item>
  );
}

function stopWords({ targetLoss, targetAccuracy, plateau, divergence, budgetScalars, budgetHours }: StepProps['draft']): string {
  const words = [
    targetLoss === null ? null : `loss ${targetLoss}`, targetAccuracy === null ? null : `accuracy ${targetAccuracy}`, plateau === null ? null : `${plateau} evaluations without progress`,
    divergence === null ? null : `loss ${divergence} times the first`, budgetScalars === null ? null : `${budgetScalars} scalars`, budgetHours === null ? null : `${budgetHours} hours`,
  ].filter((word) => word !== null);
  return words.length === 0 ? 'no: it goes on to the end' : words.join(', ');
}

function startWords({ startAt, after, whenFree }: StepProps['draft']): string {
  const words = [startAt === null ? null : new Date(startAt).toLocaleString(), after === null ? null : `after run ${after}`, whenFree ? 'when its devices are free' : null].filter((word) => word !== null);
  return words.length === 0 ? 'at once' : words.join(', then ');
}
