import { Stack, Table, Title } from '@mantine/core';
import { useRoute } from '../../api/use-route';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

/** Version and health as /version and /readyz say them. */
export function ServerFacts() {
  const version = useRoute('version');
  const ready = useRoute('readyz');
  const rows = [...Object.entries(version.data ?? {}), ...Object.entries(ready.data ?? {})].map(([name, value]) => [name, typeof value === 'object' && value !== null ? Object.entries(value).map(([part, of]) => `${part} ${String(of)}`).join(', ') : String(value)] as const);
  return (
    <Stack component="section" aria-labelledby="server" gap="xs">
      <Title order={2} size="h4" id="server">This coordinator</Title>
      <QueryState query={version}>
        <WideTable label="Version and health" columns={[{ label: 'What' }, { label: 'Value' }]} minWidth={320}>
          {rows.map(([name, value]) => <Table.Tr key={name}><Table.Td>{name}</Table.Td><Table.Td className="mono">{value}</Table.Td></Table.Tr>)}
        </WideTable>
      </QueryState>
    </Stack>
  );
}
