import { SimpleGrid, Stack } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { SeriesCard } from '../../charts/series-card';
import { Figure } from '../../shell/figure';
import { decimal, percent, shortHash } from '../../shell/format';
import { EvaluationTable } from './evaluation-table';
import { SeriesTab } from './series-tab';
import { timeLeft } from './time-left';

/** How well the adapter does on held-out examples, how far it goes, and what happened on its way. */
export function RunProgress({ run }: { run: Run }) {
  const left = timeLeft(run, Date.now());
  const isLanguage = run.lastEvaluation?.perplexity != null;
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 5 }}>
        <Figure label="accuracy on held-out examples" value={percent(run.lastEvaluation?.accuracy)} hint="of the examples that devices keep out of training, all devices together" />
        <Figure label="loss on held-out examples, nats" value={decimal(run.lastEvaluation?.loss)} hint="mean cross-entropy over the same examples" />
        {isLanguage ? <Figure label="perplexity on held-out tokens" value={decimal(run.lastEvaluation?.perplexity, 1)} hint="e to the mean loss: how many tokens seem equally likely" /> : null}
        {run.lastEvaluation?.macroF1 == null ? null : <Figure label="macro F1 on held-out examples" value={decimal(run.lastEvaluation.macroF1, 3)} hint="mean over classes of 2 true positives / (examples of the class + examples called so)" />}
        {left === null ? null : <Figure label="left, at the pace so far" value={left} hint="time since the start over the rounds that were made, times the rounds that are left; pauses count" />}
        <Figure label="devices in the run" value={run.devices} />
        <Figure label="hash of the adapter state" value={shortHash(run.stateHash)} hint="every device in step holds the state with this hash" />
      </SimpleGrid>
      <SeriesTab run={run} names={['loss', 'accuracy', 'accuracyLow', 'accuracyHigh', ...(isLanguage ? ['perplexity' as const] : []), 'stepNorm', 'adapterNorm']} empty="The first point appears when the devices have evaluated their held-out examples.">
        {(view) => (
          <>
            <SeriesCard title="Held-out loss" source="evaluations" view={view} yLabel="mean loss, nats" lines={[{ name: 'loss', label: 'loss' }]}
              says="Mean over all held-out examples of the devices that answered. Where a point stands for several evaluations, the area is from their least to their most." />
            <SeriesCard title="Held-out accuracy" source="evaluations" view={view} yLabel="accuracy, %" valueText={(value) => (value === null ? '–' : `${value.toFixed(1)} %`)}
              lines={[{ name: 'accuracy', label: 'accuracy', times: 100, band: { low: 'accuracyLow', high: 'accuracyHigh' } }]}
              says="The area is where the accuracy on all such examples lies with 95 % confidence, for as many as were counted (Wilson)." />
            {isLanguage ? <SeriesCard title="Held-out perplexity" source="evaluations" view={view} yLabel="perplexity" lines={[{ name: 'perplexity', label: 'perplexity' }]} says="e to the mean loss over held-out tokens." /> : null}
            <SeriesCard title="Step norm" source="rounds" view={view} yLabel="norm of the step" lines={[{ name: 'stepNorm', label: 'step' }]}
              says="Euclidean length of what one commit changed, over all trained values. A rise without end is divergence." />
            <SeriesCard title="Adapter norm" source="rounds" view={view} yLabel="norm of the adapter" lines={[{ name: 'adapterNorm', label: 'adapter' }]}
              says="Euclidean length of all trained values: how far the adapter has gone from changing nothing." />
          </>
        )}
      </SeriesTab>
      <EvaluationTable run={run} />
    </Stack>
  );
}
