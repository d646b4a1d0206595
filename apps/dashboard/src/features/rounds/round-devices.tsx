import { Anchor, Select, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { type RoundDetails, type RoundDevice } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { usePages } from '../../api/use-pages';
import { ChartCard } from '../../charts/chart-card';
import { secondsBetween } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { VirtualTable } from '../../shell/virtual-table';
import { outliersOf } from './outliers';

/** Devices whose dots are drawn: more make no picture. */
const dotsMax = 200;
/** Dots of a device stand beside each other in the order of its directions, over so much of its place. */
const dotsWidth = 0.6;
const columns = [
  { label: 'Device' }, { label: 'Group', number: true }, { label: 'Outcome' }, { label: 'Arrived', number: true, hint: 'seconds from opening to the recorded report' }, { label: 'Examples', number: true, hint: 'of its batch' },
  { label: 'Mean size', number: true, hint: 'of its differences, nats' }, { label: 'Stands out', hint: 'along how many directions its difference is far from the others: more than five standard deviations, by median absolute deviation' },
];

/** Devices that an attempt asked: when each report came, what it said, and which one stands out. */
export function RoundDevices({ run, round: { round, attempts } }: { run: string; round: RoundDetails }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const attempt = attempts.find((one) => String(one.attempt) === chosen) ?? attempts[0];
  const pages = usePages('listRoundDevices', { params: { id: run, round }, query: { attempt: attempt?.attempt, limit: 200 } });
  const standing = outliersByDevice(pages.items);
  const reported = pages.items.filter(({ differences }) => differences !== null).slice(0, dotsMax);
  return (
    <Stack gap="sm" component="section" aria-labelledby="asked">
      <Title order={2} size="h5" id="asked">Devices that were asked</Title>
      {attempts.length < 2 ? null : <Select label="Attempt" w={200} size="xs" allowDeselect={false} value={String(attempt?.attempt ?? 0)} data={attempts.map((one) => ({ value: String(one.attempt), label: `${one.attempt}, ${one.state}` }))} onChange={setChosen} />}
      <QueryState query={pages}>
        {reported.length === 0 || attempt === undefined ? null : (
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            <Arrivals devices={reported} selected={attempt.selected} deadline={secondsBetween(attempt.openedAt, attempt.deadlineAt) ?? 0} />
            <Differences devices={reported} standing={standing} />
          </SimpleGrid>
        )}
        <VirtualTable label="Devices of the attempt, one by one" columns={columns} minWidth={820} pages={pages} keyOf={({ device }) => device} height={400}>
          {(row) => (
            <>
              <Table.Td><Anchor component={Link} to={`/devices/${row.device}`} inherit underline="always">{row.name}</Anchor></Table.Td><Table.Td className="number">{row.group}</Table.Td>
              <Table.Td>{row.outcome}{row.reason === null ? '' : `: ${row.reason}`}</Table.Td><Table.Td className="number">{row.arrival === null ? '–' : `${row.arrival.toFixed(3)} s`}</Table.Td><Table.Td className="number">{row.examples ?? '–'}</Table.Td>
              <Table.Td className="number">{row.differences === null ? '–' : meanSize(row.differences).toExponential(2)}</Table.Td>
              <Table.Td>{row.differences === null ? '–' : `${standing.get(row.device)?.filter(Boolean).length ?? 0} of ${row.differences.length}`}</Table.Td>
            </>
          )}
        </VirtualTable>
        <Text size="sm" c="dimmed">What a device reports is a projection of the gradient of its batch. It is shown to operators, not to viewers, and deleted by retention.</Text>
      </QueryState>
    </Stack>
  );
}

const meanSize = (differences: readonly number[]) => differences.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, differences.length);

/** For each device, direction by direction, whether its difference stands out from those of its group. */
function outliersByDevice(devices: readonly RoundDevice[]): Map<string, boolean[]> {
  const found = new Map<string, boolean[]>();
  for (const group of new Set(devices.map((device) => device.group))) {
    const members = devices.filter((device) => device.group === group && device.differences !== null);
    const queries = members[0]?.differences?.length ?? 0;
    for (let query = 0; query < queries; query++) {
      outliersOf(members.map(({ differences }) => differences?.[query] ?? 0)).forEach((isOutlier, index) => {
        const { device = '' } = members[index] ?? {};
        found.set(device, [...found.get(device) ?? [], isOutlier]);
      });
    }
  }
  return found;
}

function Arrivals({ devices, selected, deadline }: { devices: readonly RoundDevice[]; selected: number; deadline: number }) {
  const arrivals = devices.flatMap(({ arrival }) => (arrival === null ? [] : [arrival])).sort((a, b) => a - b);
  return (
    <ChartCard title="Arrival of reports" says={`Share of the ${selected} devices that were asked whose report was recorded by then; the deadline was ${deadline.toFixed(1)} s after opening.`}
      label="Arrival of reports, share by seconds; the table below has the numbers" xLabel="seconds after opening" yLabel="% of those asked" x={[0, ...arrivals, deadline]} marks={[{ x: deadline, word: 'deadline' }]}
      lines={[{ label: 'reported', stepped: true, y: [0, ...arrivals.map((_, index) => (100 * (index + 1)) / selected), (100 * arrivals.length) / selected] }]} />
  );
}

function Differences({ devices, standing }: { devices: readonly RoundDevice[]; standing: Map<string, boolean[]> }) {
  const dots = devices.flatMap(({ device, differences }, place) => (differences ?? []).map((value, query, all) => ({ place: place + 1 + dotsWidth * ((query + 0.5) / all.length - 0.5), value, isOut: standing.get(device)?.[query] === true })));
  return (
    <ChartCard title="Differences by device" says="One dot for each direction. Those that stand far out from the others of their group, where it has five devices, are drawn as rings."
      label="Differences by device; the table below has the numbers" xLabel="device, in the order of the table" xKind="place" yLabel="difference, nats" x={dots.map(({ place }) => place)}
      lines={[{ label: 'difference', dots: true, y: dots.map(({ value, isOut }) => (isOut ? null : value)) }, { label: 'stands out', dots: true, y: dots.map(({ value, isOut }) => (isOut ? value : null)) }]} />
  );
}
