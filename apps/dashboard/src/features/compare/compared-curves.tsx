import { SimpleGrid, Stack, Text } from '@mantine/core';
import { type RunSeries, type SeriesName } from '@seedfleet/protocol';
import { useSeriesOf } from '../../api/use-series';
import { ChartCard } from '../../charts/chart-card';
import { NumbersTable } from '../../charts/numbers-table';
import { type PlotMark } from '../../charts/plot-marks';
import { SeriesControls } from '../../charts/series-controls';
import { markText, placeMarks } from '../../charts/series-view';
import { bytesText, decimal } from '../../shell/format';
import { type SeriesSearch } from '../../shell/search';
import { type Compared } from './compare-page';

const dashes = [undefined, [8, 4], [2, 3]];
const plots: { title: string; name: SeriesName; source: 'rounds' | 'evaluations'; yLabel: string; times: number; says: string; valueText?: (value: number | null | undefined) => string }[] = [
  { title: 'Held-out loss', name: 'loss', source: 'evaluations', yLabel: 'loss, nats', times: 1, says: 'Mean over held-out examples: comparable where the devices are the same.' },
  { title: 'Held-out accuracy', name: 'accuracy', source: 'evaluations', yLabel: 'accuracy, %', times: 100, says: 'Over the same examples.', valueText: (value) => (value == null ? '–' : `${value.toFixed(1)} %`) },
  { title: 'Adapter norm', name: 'adapterNorm', source: 'rounds', yLabel: 'norm of the adapter', times: 1, says: 'Euclidean length of all trained values.' },
  { title: 'Signal to noise', name: 'signalToNoise', source: 'rounds', yLabel: 'signal / noise', times: 1, says: 'What devices say together, over the standard error between them.' },
];
const xLabels = { round: 'round', time: 'hours since the first point of each', bytes: 'bytes sent so far, all devices' };

/** The curves of runs over each other. Over time each begins at its first point, so that runs of different days lie beside each other. */
export function ComparedCurves({ compared, search, onSearch }: { compared: readonly Compared[]; search: SeriesSearch; onSearch: (search: SeriesSearch) => void }) {
  const answers = useSeriesOf(compared.map(({ run }) => ({ id: run.id, going: run.state === 'running', names: plots.map(({ name }) => name), search })));
  const found = compared.flatMap(({ run }, index) => {
    const { data } = answers[index] ?? {};
    return data === undefined ? [] : [{ run, index, series: data }];
  });
  const { x = 'round' } = search;
  const marks = found.flatMap(({ run, series }) => marksOf(series).map(({ x: place, word }) => ({ x: place, word: `${run.id} ${word}` }))).sort((a, b) => a.x - b.x);
  return (
    <Stack>
      <SeriesControls search={search} roundsMax={Math.max(...compared.map(({ run }) => run.round))} onChange={onSearch} />
      {found.map(({ run, series }) => (series.marks.length < 2 ? null : <Text key={run.id} size="sm" c="dimmed">Run {run.id}: {series.marks.slice(-6).map(markText).join('; ')}.</Text>))}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {plots.map(({ title, name, source, yLabel, times, says, valueText = decimal }) => {
          const curves = found.map(({ series }) => curveOf(series, { name, source, times }));
          const places = [...new Set(curves.flatMap((curve) => [...curve.keys()]))].sort((a, b) => a - b);
          if (places.length === 0) return null;
          const lines = found.map(({ run, index }, at) => {
            const dash = dashes[index];
            return { label: `${run.id} ${run.name}`, y: places.map((place) => curves[at]?.get(place) ?? null), ...(dash === undefined ? {} : { dash }) };
          });
          const placeText = (place: number) => (x === 'bytes' ? bytesText(place) : x === 'time' ? decimal(place, 3) : decimal(place, 0));
          return (
            <ChartCard key={name} title={title} says={says} label={`${title} of the runs by ${x}`} xLabel={xLabels[x]} xKind={x === 'bytes' ? 'bytes' : 'number'} yLabel={yLabel} x={places} lines={lines} marks={marks} spanGaps>
              <NumbersTable title={title} columns={[{ label: xLabels[x], number: true }, ...lines.map(({ label }) => ({ label, number: true }))]} rows={places.map((place, i) => [placeText(place), ...lines.map(({ y }) => valueText(y[i]))])} />
            </ChartCard>
          );
        })}
      </SimpleGrid>
    </Stack>
  );
}

/** Seconds since 1970 become hours since the run's first point. */
function originOf({ x, rounds, evaluations }: RunSeries): number {
  return x === 'time' ? Math.min(...[rounds?.x[0], evaluations?.x[0]].map((first) => first ?? Infinity)) : 0;
}

const placed = (series: RunSeries, at: number) => (series.x === 'time' ? (at - originOf(series)) / 3_600 : at);

function curveOf(series: RunSeries, { name, source, times }: { name: SeriesName; source: 'rounds' | 'evaluations'; times: number }): Map<number, number | null> {
  const table = series[source];
  const values = table?.series[name]?.mean ?? [];
  return new Map((table?.x ?? []).flatMap((at, point) => { const value = values[point] ?? null; return value === null ? [] : [[placed(series, at), times * value] as const]; }));
}

function marksOf(series: RunSeries): PlotMark[] {
  return placeMarks(series).map(({ x, word }) => ({ x: placed(series, x), word }));
}
