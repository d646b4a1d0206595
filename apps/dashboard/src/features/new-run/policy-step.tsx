import { SimpleGrid, Stack, Text } from '@mantine/core';
import { type Model } from '@seedfleet/protocol';
import { Figure } from '../../shell/figure';
import { bytesText, countText } from '../../shell/format';
import { averagingBytes, reporterBytes, roundBytes } from '../../shell/round-bytes';
import { NumberField } from './number-field';
import { trainedBy } from './run-draft';
import { type StepProps } from './task-step';

/** Third screen: how rounds go, and what that costs before anything is sent. */
export function PolicyStep({ draft, change, model, devices }: StepProps & { model: Model; devices: number }) {
  const estimator = { queries: draft.queries, groups: 1 };
  const reports = Math.min(draft.cohort, devices);
  const { down, up } = reporterBytes(estimator);
  const whole = draft.rounds * roundBytes({ ...estimator, reports, followers: devices - reports });
  const values = trainedBy(draft, model);
  const averaged = draft.rounds * averagingBytes({ reports, values });
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
        <NumberField label="Rounds" description="commits until the run is done" value={draft.rounds} min={1} onChange={(rounds) => change({ rounds })} />
        <NumberField label="Cohort" description="reports that a round wants" value={draft.cohort} min={1} max={65_535} onChange={(cohort) => change({ cohort })} />
        <NumberField label="Reports at least" description="fewer at the deadline: the round is tried again" value={draft.reportsMin} min={1} max={draft.cohort} onChange={(reportsMin) => change({ reportsMin })} />
        <NumberField label="Deadline, seconds" description="time for the reports of a round" value={draft.deadlineSeconds} min={0.1} whole={false} onChange={(deadlineSeconds) => change({ deadlineSeconds })} />
        <NumberField label="Queries" description="directions a round: numbers in a report" value={draft.queries} min={2} max={255} onChange={(queries) => change({ queries })} />
        <NumberField label="Learning rate" description="of the normalised step" value={draft.learningRate} min={0} whole={false} onChange={(learningRate) => change({ learningRate })} />
        <NumberField label="Batch, examples" description="examples behind one report" value={draft.batchExamples} min={1} max={65_536} onChange={(batchExamples) => change({ batchExamples })} />
        <NumberField label="Evaluate every" description="rounds; 0: only before and after" value={draft.evaluationEveryRounds} min={0} onChange={(evaluationEveryRounds) => change({ evaluationEveryRounds })} />
      </SimpleGrid>
      {draft.reportsMin > draft.cohort ? <Text role="alert">Reports at least must not exceed the cohort.</Text> : null}
      <Text component="h2" fw={600}>What it costs</Text>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
        <Figure label="scalars leave a device in a round it reports" value={draft.queries} hint="one difference of losses for each query; no text, no label, no gradient" />
        <Figure label={`a device and round: ${down} bytes down, ${up} bytes up`} value={bytesText(down + up)} hint="packets of one reporting device as measured at its socket" />
        <Figure label="whole run, all devices" value={bytesText(whole)} hint="rounds × (reporting devices × both directions + following devices × commit), without the model's download" />
        <Figure label={`the same as FedAvg of the adapter's ${countText(values)} values`} value={bytesText(averaged)} hint="rounds × reporting devices × both directions × 4 bytes a value" />
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        Before its first round each device fetches the model once. No noise is added to reports in this version: privacy rests on how little they hold, not on a proven epsilon.
      </Text>
    </Stack>
  );
}
