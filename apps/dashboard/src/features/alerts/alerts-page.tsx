import { Badge, Stack, Table, Text, Title } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRoute } from '../../api/use-route';
import { EmptyState } from '../../shell/empty-state';
import { dateTimeOf } from '../../shell/format';
import { Pager } from '../../shell/pager';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';
import { AlertChannels } from './alert-channels';
import { AlertRules } from './alert-rules';

/** What goes wrong now and went wrong before, what is watched for, who hears of it. */
export function AlertsPage() {
  const { cursor } = useSearch({ from: '/alerts' });
  const navigate = useNavigate({ from: '/alerts' });
  const alerts = useRoute('listAlerts', { query: { cursor, limit: 50 } });
  const rows = alerts.data?.items ?? [];
  return (
    <Stack>
      <Title order={1} size="h2">Alerts</Title>
      <QueryState query={alerts}>
        {rows.length === 0 ? <EmptyState title="No alert"><Text>Nothing that is watched for has happened. Rules stand below.</Text></EmptyState> : (
          <WideTable label="Alerts" columns={[{ label: 'State' }, { label: 'Since' }, { label: 'Over' }, { label: 'Rule' }, { label: 'What' }]} minWidth={800}>
            {rows.map((alert) => (
              <Table.Tr key={alert.id}>
                <Table.Td><Badge variant="outline" color={alert.resolvedAt === null ? 'red' : 'gray'}>{alert.resolvedAt === null ? 'goes on' : 'over'}</Badge></Table.Td>
                <Table.Td>{dateTimeOf(alert.firedAt)}</Table.Td><Table.Td>{dateTimeOf(alert.resolvedAt)}</Table.Td><Table.Td>{alert.ruleName}</Table.Td><Table.Td>{alert.summary}</Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
        <Pager cursor={cursor} next={alerts.data?.next ?? null} words={{ first: 'Newest', next: 'Older' }} onGo={(to) => void navigate({ search: to === undefined ? {} : { cursor: to } })} />
      </QueryState>
      <AlertRules />
      <AlertChannels />
    </Stack>
  );
}
