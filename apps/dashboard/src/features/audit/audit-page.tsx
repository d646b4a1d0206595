import { Alert, Button, Group, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { EmptyState } from '../../shell/empty-state';
import { dateTimeOf, shortHash } from '../../shell/format';
import { Pager } from '../../shell/pager';
import { QueryState } from '../../shell/query-state';
import { type AuditSearch } from '../../shell/search';
import { WideTable } from '../../shell/wide-table';
import { detailText } from './detail-text';

const columns = [{ label: 'Number', number: true }, { label: 'When' }, { label: 'Who' }, { label: 'What' }, { label: 'To what' }, { label: 'Detail' }, { label: 'Hash', hint: 'of this entry and the hash of the one before' }];

/** Who changed what, newest first, and whether the chain of entries holds. */
export function AuditPage() {
  const { actor, action, subject, cursor } = useSearch({ from: '/audit' });
  const navigate = useNavigate({ from: '/audit' });
  const show = (search: AuditSearch) => void navigate({ search });
  const entries = useRoute('listAuditEntries', { query: { actor, action, subject, cursor, limit: 100 } });
  const verification = useRoute('verifyAudit');
  const rows = entries.data?.items ?? [];
  const held = verification.data;
  return (
    <Stack>
      <Title order={1} size="h2">Audit</Title>
      {held === undefined ? null : held.intact
        ? <Alert color="teal" variant="outline" title="The chain holds" role="status">{held.entries} entries, each naming the hash of the one before. Head: <span className="mono">{held.headHash}</span>. Keep it elsewhere to notice a chain that was written anew.</Alert>
        : <Alert color="red" variant="outline" title="The chain is broken" role="alert">Entry {held.brokenAt} does not follow from the one before it: the log was changed in the database.</Alert>}
      <AuditFilter key={`${actor}/${action}/${subject}`} value={{ ...(actor === undefined ? {} : { actor }), ...(action === undefined ? {} : { action }), ...(subject === undefined ? {} : { subject }) }} onChange={show} />
      <QueryState query={entries}>
        {rows.length === 0 ? <EmptyState title="No entry"><Text>No change was made that these words mean.</Text></EmptyState> : (
          <WideTable label="Changes" columns={columns} minWidth={900}>
            {rows.map((entry) => (
              <Table.Tr key={entry.sequence}>
                <Table.Td className="number">{entry.sequence}</Table.Td><Table.Td>{dateTimeOf(entry.at)}</Table.Td><Table.Td>{entry.actor}</Table.Td><Table.Td>{entry.action}</Table.Td>
                <Table.Td>{entry.subject}</Table.Td><Table.Td>{detailText(entry.detail)}</Table.Td><Table.Td className="mono">{shortHash(entry.hash)}</Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
        <Pager cursor={cursor} next={entries.data?.next ?? null} words={{ first: 'Newest', next: 'Older' }} onGo={(to) => show({ ...(actor === undefined ? {} : { actor }), ...(action === undefined ? {} : { action }), ...(subject === undefined ? {} : { subject }), ...(to === undefined ? {} : { cursor: to }) })} />
      </QueryState>
      <CommandLine does="All of it, to keep or to check elsewhere:" line="seedfleet audit export > audit.jsonl" />
    </Stack>
  );
}

function AuditFilter({ value, onChange }: { value: AuditSearch; onChange: (search: AuditSearch) => void }) {
  const [words, setWords] = useState({ actor: value.actor ?? '', action: value.action ?? '', subject: value.subject ?? '' });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange(Object.fromEntries(Object.entries(words).map(([name, word]) => [name, word.trim()]).filter(([, word]) => word !== '')));
  };
  return (
    <form onSubmit={submit} role="search">
      <Group align="flex-end">
        {([['actor', 'Who', 'Ada'], ['action', 'What', 'run.create'], ['subject', 'To what', 'dev_…']] as const).map(([name, label, placeholder]) => (
          <TextInput key={name} label={label} placeholder={placeholder} value={words[name]} onChange={(event) => setWords({ ...words, [name]: event.currentTarget.value })} />
        ))}
        <Button type="submit">Show</Button>
      </Group>
    </form>
  );
}
