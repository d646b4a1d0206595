import { type RunSeries, type SeriesName, type SeriesTable } from '@seedfleet/protocol';
import { bytesText, decimal } from '../shell/format';
import { ChartCard } from './chart-card';
import { type Line } from './line-chart';
import { NumbersTable } from './numbers-table';
import { roundsText, type SeriesView } from './series-view';

export interface SeriesLine {
  name: SeriesName;
  label: string;
  dash?: number[];
  /** the series that bound its band; without them a point of several rounds has the band of their least and most */
  band?: { low: SeriesName; high: SeriesName };
  /** from stored to shown: 100 for per cent */
  times?: number;
}

export interface SeriesCardProps {
  title: string;
  says: string;
  yLabel: string;
  source: 'rounds' | 'evaluations';
  view: SeriesView;
  lines: SeriesLine[];
  /** lines across the plot, to compare with */
  across?: { label: string; y: number }[];
  logarithmic?: boolean;
  counts?: boolean;
  valueText?: (value: number | null) => string;
}

const xLabels: Record<RunSeries['x'], string> = { round: 'round', time: 'time', bytes: 'bytes sent so far, all devices' };
const xKinds = { round: 'number', time: 'time', bytes: 'bytes' } as const;
const scaled = (values: (number | null)[], times: number) => (times === 1 ? values : values.map((value) => (value === null ? null : times * value)));

/** One plot of a run over its series, with marks, zoom and the numbers beside it. */
export function SeriesCard({ title, says, yLabel, source, view, lines, across = [], logarithmic = false, counts = false, valueText = (value) => decimal(value) }: SeriesCardProps) {
  const table = view.series[source];
  if (table === null || table.x.length === 0) return null;
  const { x } = view.series;
  const shown: Line[] = lines.map((line) => lineOf(line, table, lines.length === 1));
  const constants: Line[] = across.map(({ label, y }) => ({ label, y: table.x.map(() => y), dash: [2, 4] }));
  return (
    <ChartCard title={title} says={says} label={`${title} by ${xLabels[x]}; the table below has the numbers`} xLabel={xLabels[x]} xKind={xKinds[x]} yLabel={yLabel}
      x={table.x} lines={[...shown, ...constants]} marks={view.marks} logarithmic={logarithmic} counts={counts} spanGaps onZoom={(range) => view.onZoom(table, range)}>
      <NumbersTable title={title} columns={[{ label: 'Rounds', number: true }, ...(x === 'round' ? [] : [{ label: x === 'time' ? 'Time' : 'Bytes so far', number: true }]), ...lines.map(({ label }) => ({ label, number: true }))]}
        rows={table.x.map((at, i) => [roundsText(table, i), ...(x === 'round' ? [] : [x === 'time' ? new Date(at * 1_000).toLocaleString() : bytesText(at)]), ...shown.map(({ y }) => valueText(y[i] ?? null))])} />
    </ChartCard>
  );
}

function lineOf({ name, label, dash, band, times = 1 }: SeriesLine, { series }: SeriesTable, isAlone: boolean): Line {
  const { mean = [], min, max } = series[name] ?? {};
  const spread = band === undefined ? (isAlone && min !== undefined && max !== undefined ? { low: min, high: max } : undefined) : { low: series[band.low]?.mean ?? [], high: series[band.high]?.mean ?? [] };
  return {
    label, y: scaled(mean, times), ...(dash === undefined ? {} : { dash }),
    ...(spread === undefined ? {} : { band: { low: scaled(spread.low, times), high: scaled(spread.high, times) } }),
  };
}
