import { Accordion, Alert, Code, SimpleGrid, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type Model } from '@seedfleet/protocol';
import { useRoute } from '../../api/use-route';
import { Figure } from '../../shell/figure';
import { bytesText, countText } from '../../shell/format';
import { averagingBytes, reporterBytes, roundBytes } from '../../shell/round-bytes';
import { requestOf } from './draft-request';
import { trainedBy, type RunDraft } from './run-draft';

export interface RunCostProps { draft: RunDraft; model: Model; devices: number }

/** What the run costs, what leaves a device, and what would be signed. */
export function RunCost({ draft, model, devices }: RunCostProps) {
  const estimator = { queries: draft.queries, groups: draft.directionGroups };
  const reports = Math.min(draft.cohort, devices);
  const { down, up } = reporterBytes(estimator);
  const values = trainedBy(draft, model);
  const [request] = useDebouncedValue(requestOf(draft, model.id), 400);
  const preview = useRoute('previewRun', { body: request });
  const { cost, measured } = preview.data ?? { cost: null, measured: null };
  const minutes = cost?.minutes ?? null;
  return (
    <Stack>
      <Text component="h2" fw={600}>What it costs</Text>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 5 }}>
        <Figure label="scalars leave a device in a round it reports" value={draft.queries} hint="one difference of losses for each query; no text, no label, no gradient" />
        <Figure label={`a device and round: ${down} bytes down, ${up} bytes up`} value={bytesText(down + up)} hint="packets of one reporting device as measured at its socket" />
        <Figure label="whole run, all devices" value={bytesText(draft.rounds * roundBytes({ ...estimator, reports, followers: devices - reports }))} hint="rounds × (reporting devices × both directions + following devices × commit), without the model's download" />
        <Figure label={`the same as FedAvg of the adapter's ${countText(values)} values`} value={bytesText(draft.rounds * averagingBytes({ reports, values }))} hint="rounds × reporting devices × both directions × 4 bytes a value" />
        <Figure label={measured === null || measured.devices === 0 ? 'time: no device has measured a step yet' : `at ${measured.stepMsP90?.toFixed(0)} ms a step, measured by ${measured.devices} devices`} value={minutes === null ? '–' : minutesText(minutes)}
          hint="rounds × the step that 9 of 10 devices stay below, as they measured it on the run that they prepared last; another model takes another time; evaluations and waits come on top" />
      </SimpleGrid>
      {preview.error === null ? null : <Alert color="red" variant="outline" role="alert" title="It would be refused">{preview.error.message}</Alert>}
      <Text component="h2" fw={600}>Privacy</Text>
      <Text size="sm">
        A device sends {draft.queries} numbers for each round in which it reports, at most {countText(draft.queries * draft.rounds)} in the whole run{draft.budgetScalars === null ? '' : `, all devices together ${countText(draft.budgetScalars)}`}, and for each evaluation a sum of losses over at least {draft.heldOutMin} held-out examples.
        Texts, labels, activations, gradients and single losses stay there. No noise is added to reports in this version: privacy rests on how little they hold, not on a proven epsilon.
      </Text>
      <Text size="sm" c="dimmed">Before its first round each device fetches the model once.</Text>
      {/* Always there: what was opened stays open while another preview is asked for. */}
      <Accordion variant="separated" keepMounted={false}>
        <Accordion.Item value="manifest">
          <Accordion.Control>The manifest <Text span c="dimmed" size="sm">as it would be signed; number, time and keys are added then</Text></Accordion.Control>
          <Accordion.Panel>
            {preview.data === undefined ? <Text size="sm" c="dimmed">{preview.error === null ? 'Asking the coordinator.' : 'None: it would be refused.'}</Text> : <Code block className="command-line" tabIndex={0} aria-label="The manifest">{JSON.stringify(preview.data.manifest, null, 2)}</Code>}
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Stack>
  );
}

const minutesText = (minutes: number) => (minutes < 1 ? `${(minutes * 60).toFixed(0)} s` : minutes < 120 ? `${minutes.toFixed(1)} min` : `${(minutes / 60).toFixed(1)} h`);
