import { Button, Group, NumberInput, SegmentedControl, Text } from '@mantine/core';
import { seriesAxes, type SeriesMark } from '@seedfleet/protocol';
import { type SeriesSearch } from '../shell/search';
import { markText } from './series-view';

const axisLabels = { round: 'Rounds', time: 'Time', bytes: 'Bytes' };
/** Marks that a list shows beside the plots. */
const marksShown = 8;

/** What the horizontal axes of a tab's plots are, and which rounds they show. A drag over a plot sets the same rounds. */
export function SeriesControls({ search, roundsMax, onChange }: { search: SeriesSearch; roundsMax: number; onChange: (search: SeriesSearch) => void }) {
  const { x = 'round', from, to } = search;
  const isZoomed = from !== undefined || to !== undefined;
  const bounds = { min: 0, max: Math.max(0, roundsMax - 1), w: 120, size: 'xs' as const, allowDecimal: false, allowNegative: false };
  const changed = (part: Partial<SeriesSearch>) => onChange(Object.fromEntries(Object.entries({ ...search, ...part }).filter(([, value]) => value !== undefined)));
  const numberOf = (value: string | number) => (value === '' ? undefined : Number(value));
  return (
    <Group gap="sm" align="flex-end" role="group" aria-label="Axis and window of the plots">
      <SegmentedControl size="xs" aria-label="Horizontal axis" value={x} data={seriesAxes.map((axis) => ({ value: axis, label: axisLabels[axis] }))}
        onChange={(value) => changed({ x: seriesAxes.find((axis) => axis === value && axis !== 'round') })} />
      <NumberInput label="From round" {...bounds} value={from ?? ''} onChange={(value) => changed({ from: numberOf(value) })} />
      <NumberInput label="to round" {...bounds} value={to ?? ''} onChange={(value) => changed({ to: numberOf(value) })} />
      {isZoomed ? <Button size="xs" variant="default" onClick={() => changed({ from: undefined, to: undefined })}>All rounds</Button> : null}
    </Group>
  );
}

/** In words what the lines across the plots stand for. */
export function MarkList({ marks }: { marks: readonly SeriesMark[] }) {
  if (marks.length === 0) return null;
  return <Text size="sm" c="dimmed">{marks.length > marksShown ? `The newest ${marksShown} of ${marks.length}: ` : ''}{marks.slice(-marksShown).map(markText).join('; ')}.</Text>;
}
