import { Card, Group, Text } from '@mantine/core';
import { type Run } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { useSeries } from '../../api/use-series';
import { Sparkline } from '../../charts/sparkline';
import { decimal, percent } from '../../shell/format';

/** A run on the first page: where it is, and its loss so far. */
export function RunCard({ run }: { run: Run }) {
  const series = useSeries({ id: run.id, going: run.state === 'running', names: ['loss'], search: {}, points: 100 });
  const losses = series.data?.evaluations?.series.loss?.mean ?? [];
  return (
    <Card withBorder>
      <Group justify="space-between" wrap="nowrap">
        <Text component={Link} to={`/runs/${run.id}`} fw={600} td="underline" truncate>{run.name}</Text>
        <Text size="sm">{run.state}</Text>
      </Group>
      <Sparkline label={`Held-out loss of ${run.name}, ${losses.length} points, the newest ${decimal(run.lastEvaluation?.loss)}`} values={losses} />
      <Text size="sm">{run.round} of {run.roundsMax} rounds; loss {decimal(run.lastEvaluation?.loss)} nats, accuracy {percent(run.lastEvaluation?.accuracy)}</Text>
    </Card>
  );
}
