import { Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { usePages } from '../../api/use-pages';
import { CommandLine } from '../../shell/command-line';
import { EmptyState } from '../../shell/empty-state';
import { dateTimeOf, decimal, percent } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { shellWord } from '../../shell/shell-words';
import { VirtualTable } from '../../shell/virtual-table';
import { RunFilter } from './run-filter';

const columns = [
  { label: 'Run' }, { label: 'State', hint: 'a few devices first: while they are asked alone, or if that did not go well' }, { label: 'Rounds', number: true, hint: 'committed, of all' },
  { label: 'Devices', number: true, hint: 'that the run may ask' }, { label: 'Who', hint: 'the group that its devices come from' },
  { label: 'Loss', number: true, hint: 'newest held-out mean cross-entropy, nats' }, { label: 'Accuracy', number: true, hint: 'newest, on held-out examples' }, { label: 'Budget', number: true, hint: 'share of the scalars or hours that is spent' }, { label: 'Created' },
];

/** All runs, newest first, read as far as somebody scrolls; the filter stands in the address. */
export function RunsPage() {
  const { filter = '' } = useSearch({ from: '/runs' });
  const navigate = useNavigate({ from: '/runs' });
  const runs = usePages('listRuns', { query: { limit: 100, filter: filter === '' ? undefined : filter } });
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">Runs</Title>
        <Group gap="xs">
          <Button component={Link} to="/runs/new">New run</Button>
          <Button component={Link} to="/compare" variant="default">Compare</Button>
        </Group>
      </Group>
      <RunFilter value={filter} onChange={(text) => void navigate({ search: text === '' ? {} : { filter: text } })} />
      <QueryState query={runs}>
        {runs.items.length === 0
          ? (
            <EmptyState title={filter === '' ? 'No run yet' : 'The filter means no run'}>
              {filter === ''
                ? <Text>A run fine-tunes a model on the examples that your devices keep. It needs an enrolled device and a model; the rest has defaults.</Text>
                : <Text>Change it, or <Text component={Link} to="/runs" td="underline">show all runs</Text>.</Text>}
              <CommandLine does="From a terminal, with every setting and its default:" line="seedfleet runs start --help" />
            </EmptyState>
          )
          : (
            <>
              <VirtualTable label="Runs" columns={columns} minWidth={1000} pages={runs} keyOf={({ id }) => String(id)}>{(run) => <RunCells run={run} />}</VirtualTable>
              <CommandLine does="The same from a terminal:" line={`seedfleet runs list${filter === '' ? '' : ` --filter ${shellWord(filter)}`}`} />
            </>
          )}
      </QueryState>
    </Stack>
  );
}

function RunCells({ run }: { run: Run }) {
  const { id, name, state, cause, round, roundsMax, devices, group, lastEvaluation, createdAt, canary } = run;
  const canaryWords = canary?.stage === 'trial' && state === 'running' ? ', a few devices first' : canary?.stage === 'failed' ? ', canary failed' : '';
  return (
    <>
      <Table.Td className="one-line"><Text component={Link} to={`/runs/${id}`} size="sm" td="underline">{id} {name}</Text></Table.Td>
      <Table.Td className="one-line" title={cause ?? undefined}>{state}{canaryWords}{(state === 'queued' || state === 'scheduled') && cause !== null ? `: ${cause}` : ''}</Table.Td>
      <Table.Td className="number">{round} of {roundsMax}</Table.Td>
      <Table.Td className="number">{devices}</Table.Td>
      <Table.Td className="one-line">{group?.name ?? '–'}</Table.Td>
      <Table.Td className="number">{decimal(lastEvaluation?.loss)}</Table.Td>
      <Table.Td className="number">{percent(lastEvaluation?.accuracy)}</Table.Td>
      <Table.Td className="number">{spentText(run)}</Table.Td>
      <Table.Td className="one-line">{dateTimeOf(createdAt)}</Table.Td>
    </>
  );
}

function spentText({ budget }: Run): string {
  if (budget === null) return '–';
  const { scalars, scalarsSpent, hours, hoursSpent } = budget;
  return percent(Math.max(scalars === null ? 0 : scalarsSpent / scalars, hours === null ? 0 : hoursSpent / hours));
}
