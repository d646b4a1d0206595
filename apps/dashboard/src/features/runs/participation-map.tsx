import { Button, Card, Group, ScrollArea, Text, Title } from '@mantine/core';
import { type Participation } from '@seedfleet/protocol';
import { useState } from 'react';
import { useRoute } from '../../api/use-route';
import { Pager } from '../../shell/pager';
import { QueryState } from '../../shell/query-state';

const columnsShown = 60;
const words = { c: 'counted', r: 'reported to an attempt that was given up', d: 'declined', s: 'asked, no report in time', '?': 'asked; its reports are deleted' };

/** Which device did what in the newest rounds, one letter a round: both a picture and a table. */
export function ParticipationMap({ run, head }: { run: number; head: number }) {
  const [cursor, setCursor] = useState<string>();
  const [to, setTo] = useState<number>();
  const query = useRoute('showParticipation', { params: { id: run }, query: { cursor, to, rounds: columnsShown, limit: 50 } });
  const { attempts = [], items = [], next = null } = query.data ?? {};
  const [first, last] = [attempts[0]?.round ?? 0, attempts.at(-1)?.round ?? 0];
  if (query.data !== undefined && attempts.length === 0 && to === undefined) return null;
  return (
    <Card withBorder>
      <Group justify="space-between">
        <Title order={2} size="h5">Devices by rounds</Title>
        <Group gap="xs">
          <Button size="compact-sm" variant="default" disabled={first === 0} onClick={() => setTo(Math.max(0, first - 1))}>Earlier rounds</Button>
          <Button size="compact-sm" variant="default" disabled={to === undefined} onClick={() => setTo(last + columnsShown >= head ? undefined : last + columnsShown)}>Later rounds</Button>
        </Group>
      </Group>
      <Text size="sm" c="dimmed">Rounds {first} to {last}, oldest left; an attempt that was given up has a column of its own. {Object.entries(words).map(([letter, word]) => `${letter}: ${word}`).join('; ')}; a dot: not asked.</Text>
      <QueryState query={query}>
        <ScrollArea viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Devices by rounds' }}>
          <table className="heat-map">
            <thead><tr><th scope="col">Device</th>{attempts.map(({ round, attempt }) => <ColumnHead key={`${round}.${attempt}`} round={round} attempt={attempt} />)}</tr></thead>
            <tbody>{items.map((item) => <DeviceLine key={item.device} {...item} />)}</tbody>
          </table>
        </ScrollArea>
        <Pager cursor={cursor} next={next} words={{ first: 'First devices', next: 'Next devices' }} onGo={setCursor} />
      </QueryState>
    </Card>
  );
}

/** Every tenth round has its number; the others are named to those who hear the table. */
function ColumnHead({ round, attempt }: { round: number; attempt: number }) {
  const name = attempt === 0 ? `round ${round}` : `round ${round}, attempt ${attempt}`;
  return <td aria-label={name} title={name}>{attempt === 0 && round % 10 === 0 ? <span className="heat-map-round">{round}</span> : null}</td>;
}

function DeviceLine({ name, cells }: Participation['items'][number]) {
  return <tr><th scope="row">{name}</th>{[...cells].map((cell, index) => <td key={index} className={`cell-${cell}`}>{cell === '.' ? '·' : cell}</td>)}</tr>;
}
