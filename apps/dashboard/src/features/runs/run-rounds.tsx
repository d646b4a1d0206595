import { Anchor, Button, Group, NumberInput, Stack, Table, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { usePages } from '../../api/use-pages';
import { EmptyState } from '../../shell/empty-state';
import { decimal, seconds, shortHash } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { VirtualTable } from '../../shell/virtual-table';
import { BranchRun } from './branch-run';
import { RoundPlots } from './round-plots';

const columns = [
  { label: 'Round', number: true, hint: 'opens its page: seeds, devices, hashes' }, { label: 'Attempt', number: true, hint: 'abandoned attempts before it' }, { label: 'State' },
  { label: 'Selected', number: true, hint: 'devices that were asked' }, { label: 'Accepted', number: true, hint: 'of those, said that they take part' }, { label: 'Reported', number: true, hint: 'of those, whose report was recorded in time' },
  { label: 'Took', number: true, hint: 'seconds from opening to commit or abandonment' }, { label: 'Step size', number: true, hint: 'learning rate, as signed into the commit' }, { label: 'RMS of coefficients', number: true, hint: 'root mean square over the directions, nats a unit of step' },
  { label: 'State hash', hint: 'SHA-256 of the adapter after the round' }, { label: 'Roll back', hint: 'begins a new run with the adapter after this round' },
];

/** How many devices each round lost on its way, how long it took; then every round, newest first. */
export function RunRounds({ run }: { run: Run }) {
  const pages = usePages('listRounds', { params: { id: run.id }, query: { limit: 200 } });
  /** commits to keep, while somebody is asked */
  const [kept, setKept] = useState<number | null>(null);
  return (
    <Stack>
      <RoundPlots run={run} />
      {kept === null ? null : <BranchRun run={run} round={kept} onClose={() => setKept(null)} />}
      <QueryState query={pages}>
        {pages.items.length === 0 ? <EmptyState title="No round yet"><Text>The first one opens when as many devices are ready as the manifest asks for. The tab Devices says how far each is.</Text></EmptyState> : (
          <>
            <GoToRound run={run} />
            <VirtualTable label="Rounds" columns={columns} minWidth={1080} pages={pages} keyOf={({ round, attempt }) => `${round}.${attempt}`}>
              {(round) => (
                <>
                  <Table.Td className="number"><Anchor component={Link} to={`/runs/${run.id}/rounds/${round.round}`} inherit underline="always">{round.round}</Anchor></Table.Td><Table.Td className="number">{round.attempt}</Table.Td>
                  <Table.Td title={round.cause ?? undefined}>{round.state}{round.cause === null ? '' : `: ${round.cause}`}</Table.Td>
                  <Table.Td className="number">{round.selected}</Table.Td><Table.Td className="number">{round.accepted}</Table.Td><Table.Td className="number">{round.reported}</Table.Td>
                  <Table.Td className="number">{seconds(round.openedAt, round.endedAt)}</Table.Td><Table.Td className="number">{decimal(round.learningRate)}</Table.Td>
                  <Table.Td className="number">{decimal(round.coefficientRms)}</Table.Td><Table.Td className="mono" title={round.stateHash ?? undefined}>{shortHash(round.stateHash)}</Table.Td>
                  <Table.Td>{round.state === 'committed' ? <Button size="compact-xs" variant="default" aria-label={`Roll back run ${run.id} to the state after round ${round.round}`} onClick={() => setKept(round.round + 1)}>Roll back</Button> : null}</Table.Td>
                </>
              )}
            </VirtualTable>
          </>
        )}
      </QueryState>
    </Stack>
  );
}

/** Ten thousand rounds are too many to scroll through for one. */
function GoToRound({ run }: { run: Run }) {
  const [round, setRound] = useState<string | number>('');
  const navigate = useNavigate();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (round !== '') void navigate({ to: '/runs/$id/rounds/$round', params: { id: String(run.id), round: String(round) } });
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <NumberInput label="Go to round" size="xs" w={140} min={0} max={run.round} allowDecimal={false} value={round} onChange={setRound} />
        <Button type="submit" size="xs" variant="default">Open</Button>
      </Group>
    </form>
  );
}
