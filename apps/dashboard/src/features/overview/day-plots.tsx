import { SimpleGrid } from '@mantine/core';
import { type Overview } from '@seedfleet/protocol';
import { ChartCard } from '../../charts/chart-card';
import { type Line } from '../../charts/line-chart';
import { NumbersTable } from '../../charts/numbers-table';

type Hours = Overview['hours'];
type Count = Exclude<keyof Hours[number], 'from'>;

/** The last day of the fleet, hour by hour: rounds of all runs, and devices that were there. */
export function DayPlots({ hours }: { hours: Hours }) {
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <DayPlot hours={hours} title="Rounds an hour" says="Of all runs in the last 24 hours; the last hour is not over." yLabel="rounds" counts={['committed', 'abandoned']} />
      <DayPlot hours={hours} title="Devices connected" says="At any time of each hour, by their authenticated sockets." yLabel="devices" counts={['connected']} />
    </SimpleGrid>
  );
}

/** The first count as bars, others as lines; nothing where all are zero. */
function DayPlot({ hours, title, says, yLabel, counts }: { hours: Hours; title: string; says: string; yLabel: string; counts: Count[] }) {
  if (hours.every((hour) => counts.every((count) => hour[count] === 0))) return null;
  const lines: Line[] = counts.map((count, index) => ({ label: count, y: hours.map((hour) => hour[count]), ...(index === 0 ? { bars: true } : { dash: [8, 4] }) }));
  return (
    <ChartCard title={title} says={says} label={`${title}; the table below has the numbers`} xLabel="time" yLabel={yLabel} xKind="time" x={hours.map(({ from }) => Date.parse(from) / 1_000)} counts lines={lines}>
      <NumbersTable title={title} columns={[{ label: 'From', number: true }, ...counts.map((count) => ({ label: count, number: true }))]} rows={hours.map((hour) => [new Date(hour.from).toLocaleString(), ...counts.map((count) => String(hour[count]))])} />
    </ChartCard>
  );
}
