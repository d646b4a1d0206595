import { Anchor, SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { runEventKinds, type Run, type RunEvent } from '@seedfleet/protocol';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { usePages } from '../../api/use-pages';
import { CommandLine } from '../../shell/command-line';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { VirtualTable } from '../../shell/virtual-table';

const columns = [{ label: 'When', hint: 'local time; UTC where the pointer rests' }, { label: 'What' }, { label: 'Round', number: true }, { label: 'Who' }, { label: 'Detail' }];
const kindLabels: Record<RunEvent['kind'], string> = { change: 'Changes', round: 'Rounds', evaluation: 'Evaluations', mark: 'Restarts' };
const whats: Record<string, string> = { restart: 'taken up again by a coordinator', committed: 'round committed', abandoned: 'round abandoned', evaluated: 'evaluated' };
const detailText = (detail: RunEvent['detail']) => Object.entries(detail).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${String(value)}`).join(', ') || '–';

/** What happened in a run, newest first: changes by operators, rounds, evaluations, restarts. Structured, never data of a device. */
export function RunLog({ run }: { run: Run }) {
  const { kind } = useSearch({ from: '/runs/$id' });
  const navigate = useNavigate({ from: '/runs/$id' });
  const pages = usePages('listRunEvents', { params: { id: run.id }, query: { limit: 200, kind } });
  const show = (value: string) => {
    const next = runEventKinds.find((known) => known === value);
    void navigate({ search: { tab: 'log', ...(next === undefined ? {} : { kind: next }) } });
  };
  return (
    <Stack>
      <SegmentedControl aria-label="Events" size="xs" value={kind ?? 'all'} onChange={show} data={[{ value: 'all', label: 'All' }, ...runEventKinds.map((one) => ({ value: one, label: kindLabels[one] }))]} style={{ alignSelf: 'flex-start' }} />
      <QueryState query={pages}>
        {pages.items.length === 0 ? <Text>Nothing of this kind has happened in the run.</Text> : (
          <VirtualTable label="Events of the run" columns={columns} minWidth={820} pages={pages} keyOf={({ at, what, round, detail }) => `${at}${what}${round ?? ''}${String(detail['attempt'] ?? '')}`}>
            {({ at, what, round, who, detail }) => (
              <>
                <Table.Td title={at}>{dateTimeOf(at)}</Table.Td><Table.Td>{whats[what] ?? what}</Table.Td>
                <Table.Td className="number">{round === null ? '–' : what === 'committed' || what === 'abandoned' ? <Anchor component={Link} to={`/runs/${run.id}/rounds/${round}`} inherit underline="always">{round}</Anchor> : round}</Table.Td>
                <Table.Td>{who ?? 'the coordinator'}</Table.Td><Table.Td title={detailText(detail)}>{detailText(detail)}</Table.Td>
              </>
            )}
          </VirtualTable>
        )}
      </QueryState>
      <CommandLine does="The signed log itself, commit by commit, checked on your machine:" line={`seedfleet runs verify ${run.id}`} />
    </Stack>
  );
}
