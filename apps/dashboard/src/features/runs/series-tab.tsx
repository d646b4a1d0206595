import { Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { type Run, type SeriesName } from '@seedfleet/protocol';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode } from 'react';
import { useSeries } from '../../api/use-series';
import { MarkList, SeriesControls } from '../../charts/series-controls';
import { placeMarks, roundsBetween, type SeriesView } from '../../charts/series-view';
import { QueryState } from '../../shell/query-state';
import { type SeriesSearch } from '../../shell/search';
import { isGoing } from './is-going';

/** A plot beside another is about so many pixels wide; what lies between is in the bands. */
const pointsShown = 500;

export interface SeriesTabProps {
  run: Run;
  names: readonly SeriesName[];
  /** what stands there before the first point */
  empty: string;
  /** the plots, over one axis and one window */
  children: (view: SeriesView) => ReactNode;
}

/** Plots of a run over one axis, which stands in the address with the window that they are zoomed to. */
export function SeriesTab({ run, names, empty, children }: SeriesTabProps) {
  const { tab, x, from, to } = useSearch({ from: '/runs/$id' });
  const navigate = useNavigate({ from: '/runs/$id' });
  const search: SeriesSearch = { ...(x === undefined ? {} : { x }), ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const show = (next: SeriesSearch) => void navigate({ search: { ...(tab === undefined ? {} : { tab }), ...next }, resetScroll: false });
  const query = useSeries({ id: run.id, going: isGoing(run), names, search, points: pointsShown });
  const { data } = query;
  const points = Math.max(data?.rounds?.x.length ?? 0, data?.evaluations?.x.length ?? 0);
  return (
    <QueryState query={query}>
      {data === undefined ? null : points === 0 && from === undefined && to === undefined ? <Text>{empty}</Text> : (
        <Stack>
          <Group justify="space-between"><SeriesControls search={search} roundsMax={run.round} onChange={show} /></Group>
          <MarkList marks={data.marks} />
          <SimpleGrid cols={{ base: 1, lg: 2 }}>
            {children({
              series: data, marks: placeMarks(data),
              onZoom: (table, range) => {
                const rounds = roundsBetween(table, range);
                if (rounds !== null) show({ ...(x === undefined ? {} : { x }), ...rounds });
              },
            })}
          </SimpleGrid>
        </Stack>
      )}
    </QueryState>
  );
}
