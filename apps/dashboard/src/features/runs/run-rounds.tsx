import { Button, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useLatestRounds } from '../../api/use-latest-rounds';
import { useRoute } from '../../api/use-route';
import { ChartCard } from '../../charts/chart-card';
import { decimal, seconds, secondsBetween, shortHash } from '../../shell/format';
import { Pager } from '../../shell/pager';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';
import { BranchRun } from './branch-run';
import { isGoing } from './committed-rounds';

const columns = [
  { label: 'Round', number: true }, { label: 'Attempt', number: true }, { label: 'State' },
  { label: 'Selected', number: true, hint: 'devices that were asked' }, { label: 'Accepted', number: true, hint: 'of those, said that they take part' }, { label: 'Reported', number: true, hint: 'of those, whose report was recorded in time' },
  { label: 'Took', number: true, hint: 'from opening to commit or abandonment' }, { label: 'Step size', number: true }, { label: 'RMS of coefficients', number: true }, { label: 'State hash' }, { label: 'Roll back', hint: 'begins a new run with the adapter after this round' },
];

/** How many devices each round lost on its way, how long it took; then every round, newest first, page by page. */
export function RunRounds({ run }: { run: Run }) {
  const { cursor } = useSearch({ from: '/runs/$id' });
  const navigate = useNavigate({ from: '/runs/$id' });
  const go = (to: string | undefined) => void navigate({ search: { tab: 'rounds', ...(to === undefined ? {} : { cursor: to }) } });
  const query = useRoute('listRounds', { params: { id: run.id }, query: { limit: 50, cursor } });
  const next = query.data?.next ?? null;
  const rows = query.data?.items ?? [];
  /** commits to keep, while somebody is asked */
  const [kept, setKept] = useState<number | null>(null);
  return (
    <Stack>
      <RoundPlots run={run} />
      {kept === null ? null : <BranchRun run={run} round={kept} onClose={() => setKept(null)} />}
      <QueryState query={query}>
        {rows.length === 0 ? <Text>No round yet: the first one opens when enough devices are ready.</Text> : (
          <WideTable label="Rounds" columns={columns} minWidth={1040}>
            {rows.map((round) => (
              <Table.Tr key={`${round.round}.${round.attempt}`}>
                <Table.Td className="number">{round.round}</Table.Td><Table.Td className="number">{round.attempt}</Table.Td>
                <Table.Td>{round.state}{round.cause === null ? '' : `: ${round.cause}`}</Table.Td>
                <Table.Td className="number">{round.selected}</Table.Td><Table.Td className="number">{round.accepted}</Table.Td><Table.Td className="number">{round.reported}</Table.Td>
                <Table.Td className="number">{seconds(round.openedAt, round.endedAt)}</Table.Td><Table.Td className="number">{decimal(round.learningRate)}</Table.Td>
                <Table.Td className="number">{decimal(round.coefficientRms)}</Table.Td><Table.Td className="mono">{shortHash(round.stateHash)}</Table.Td>
                <Table.Td>{round.state === 'committed' ? <Button size="compact-xs" variant="default" aria-label={`Roll back run ${run.id} to the state after round ${round.round}`} onClick={() => setKept(round.round + 1)}>Roll back</Button> : null}</Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
        <Pager cursor={cursor} next={next} words={{ first: 'Newest', next: 'Older' }} onGo={go} />
      </QueryState>
    </Stack>
  );
}

function RoundPlots({ run }: { run: Run }) {
  const query = useLatestRounds({ id: run.id, going: isGoing(run) });
  const rounds = (query.data ?? []).filter((round) => round.endedAt !== null);
  if (rounds.length === 0) return null;
  const x = rounds.map((round) => round.round);
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <ChartCard title="Devices, from selected to reported" says="Where the lines part, devices declined or did not report in time."
        label="Devices selected, accepted and reported by round; the table below has the numbers" xLabel="round" yLabel="devices" x={x} counts
        lines={[
          { label: 'selected', y: rounds.map((round) => round.selected), dash: [2, 4] },
          { label: 'accepted', y: rounds.map((round) => round.accepted), dash: [8, 4] },
          { label: 'reported', y: rounds.map((round) => round.reported) },
        ]} />
      <ChartCard title="Duration" says="From opening to commit or abandonment." label="Duration of rounds; the table below has the numbers" xLabel="round" yLabel="seconds" x={x}
        lines={[{ label: 'duration', y: rounds.map((round) => secondsBetween(round.openedAt, round.endedAt)) }]} />
    </SimpleGrid>
  );
}
