import { type Overview } from '@seedfleet/protocol';
import { ChartCard } from '../../charts/chart-card';
import { NumbersTable } from '../../charts/numbers-table';

/** Rounds of all runs in the last day, hour by hour. */
export function RoundsByHour({ hours }: { hours: Overview['hours'] }) {
  if (hours.every(({ committed, abandoned }) => committed + abandoned === 0)) return null;
  return (
    <ChartCard title="Rounds an hour" says="Of all runs in the last 24 hours; the last hour is not over." label="Rounds committed and abandoned by hour; the table below has the numbers" xLabel="time" yLabel="rounds" xKind="time"
      x={hours.map(({ from }) => Date.parse(from) / 1_000)} counts
      lines={[{ label: 'committed', bars: true, y: hours.map(({ committed }) => committed) }, { label: 'abandoned', dash: [8, 4], y: hours.map(({ abandoned }) => abandoned) }]}>
      <NumbersTable title="Rounds an hour" columns={[{ label: 'From', number: true }, { label: 'Committed', number: true }, { label: 'Abandoned', number: true }]} rows={hours.map(({ from, committed, abandoned }) => [new Date(from).toLocaleString(), String(committed), String(abandoned)])} />
    </ChartCard>
  );
}
