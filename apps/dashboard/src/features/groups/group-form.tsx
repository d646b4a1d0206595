import { Button, Card, Group as Row, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { groupFilterFields, parseFilter, type Group } from '@seedfleet/protocol';
import { useState, type FormEvent } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { shellWord } from '../../shell/shell-words';
import { problemOfFilter } from '../devices/problem-of-filter';

/** Name and filter of a group, new or not; says who would be in it while it is typed. */
export function GroupForm({ group, onDone }: { group: Group | null; onDone: () => void }) {
  const [name, setName] = useState(group?.name ?? '');
  const [filter, setFilter] = useState(group?.filter ?? '');
  const create = useAction('createGroup');
  const change = useAction('changeGroup');
  const error = create.error ?? change.error;
  const problem = problemOfFilter(filter, (text) => parseFilter(text, groupFilterFields));
  const body = { name: name.trim(), filter: filter.trim() === '' ? null : filter.trim() };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (group === null) create.mutate({ body }, { onSuccess: () => { setName(''); setFilter(''); onDone(); } });
    else change.mutate({ params: { id: group.id }, body, headers: { 'if-match': `"${group.revision}"` } }, { onSuccess: onDone });
  };
  const words = `${shellWord(body.name || 'NAME')}${body.filter === null ? '' : ` --filter ${shellWord(body.filter)}`}`;
  return (
    <Card withBorder>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Row align="flex-start" grow preventGrowOverflow={false}>
            <TextInput label={group === null ? 'Name of the group' : 'Name'} required maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <TextInput label="Filter" description="empty: by hand" placeholder="tag=lab state=active" value={filter} error={problem} onChange={(event) => setFilter(event.currentTarget.value)} />
          </Row>
          {body.filter === null || problem !== null ? null : <WhoIsMeant filter={body.filter} />}
          <CommandLine does="The same from a terminal:" line={group === null ? `seedfleet groups create --name ${words}` : `seedfleet groups change ${group.id} --name ${words}`} />
          {error === null ? null : <Text role="alert">{error.message}</Text>}
          <Row><Button type="submit" disabled={body.name === '' || problem !== null} loading={create.isPending || change.isPending}>{group === null ? 'Make the group' : 'Save'}</Button></Row>
        </Stack>
      </form>
    </Card>
  );
}

function WhoIsMeant({ filter }: { filter: string }) {
  const [asked] = useDebouncedValue(filter, 300);
  const count = useRoute('countDevices', { query: { filter: asked } });
  return <Text role="status">{count.data === undefined ? 'Counting…' : `${count.data.count} devices would be in it now, ${count.data.online} of them online.`}</Text>;
}
