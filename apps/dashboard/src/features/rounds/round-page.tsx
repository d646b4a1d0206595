import { Anchor, Button, Group, Stack, Title } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { QueryState } from '../../shell/query-state';
import { RoundAttempts } from './round-attempts';
import { RoundCommit } from './round-commit';
import { RoundDevices } from './round-devices';

/** One round of a run: who was asked and what became of it, its seeds and coefficients, and whether its commit holds. */
export function RoundPage() {
  const { id, round: number } = useParams({ from: '/runs/$id/rounds/$round' });
  const round = Number(number);
  const run = useRoute('showRun', { params: { id } });
  const query = useRoute('showRound', { params: { id, round: number } });
  const { data } = query;
  return (
    <Stack>
      <Group justify="space-between">
        <Stack gap={0}>
          <Title order={1} size="h2">Round {number}</Title>
          <Anchor component={Link} to={`/runs/${id}?tab=rounds`} underline="always" size="sm">Rounds of run {id}{run.data === undefined ? '' : `, ${run.data.name}`}</Anchor>
        </Stack>
        <Group gap="xs">
          {round > 0 ? <Button component={Link} to={`/runs/${id}/rounds/${round - 1}`} variant="default" size="xs">Round {round - 1}</Button> : null}
          {run.data !== undefined && round + 1 < run.data.round ? <Button component={Link} to={`/runs/${id}/rounds/${round + 1}`} variant="default" size="xs">Round {round + 1}</Button> : null}
        </Group>
      </Group>
      <QueryState query={query}>
        {data === undefined ? null : (
          <>
            <RoundAttempts round={data} />
            {data.commit === null ? null : <RoundCommit run={Number(id)} round={round} commit={data.commit} />}
            <RoundDevices key={number} run={id} round={data} />
          </>
        )}
      </QueryState>
    </Stack>
  );
}
