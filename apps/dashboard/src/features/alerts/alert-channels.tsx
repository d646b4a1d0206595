import { Button, Card, Group, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { type AlertChannel } from '@seedfleet/protocol';
import { useState, type FormEvent } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [{ label: 'Name' }, { label: 'Kind' }, { label: 'To' }, { label: 'Last problem', hint: 'of the newest message that was tried' }, { label: 'Actions' }];

/** Who hears of alerts. */
export function AlertChannels() {
  const channels = useRoute('listAlertChannels');
  const rows = channels.data?.items ?? [];
  return (
    <Stack component="section" aria-labelledby="channels">
      <Title order={2} size="h4" id="channels">Channels</Title>
      <NewChannel />
      <QueryState query={channels}>
        {rows.length === 0 ? <Text>Nobody hears of alerts; they are listed above only.</Text> : (
          <WideTable label="Alert channels" columns={columns} minWidth={700}>
            {rows.map((channel) => <ChannelLine key={channel.id} channel={channel} />)}
          </WideTable>
        )}
      </QueryState>
    </Stack>
  );
}

function ChannelLine({ channel }: { channel: AlertChannel }) {
  const test = useAction('testAlertChannel');
  const end = useAction('deleteAlertChannel');
  const params = { id: channel.id };
  const said = test.data === undefined ? null : test.data.delivered ? 'The message was taken.' : test.data.problem;
  const error = test.error ?? end.error;
  return (
    <Table.Tr>
      <Table.Td>{channel.name}</Table.Td><Table.Td>{channel.type}</Table.Td><Table.Td className="mono">{channel.target}</Table.Td><Table.Td>{channel.lastProblem ?? '–'}</Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Button size="xs" variant="default" aria-label={`Test ${channel.name}`} loading={test.isPending} onClick={() => test.mutate({ params })}>Test</Button>
          <Button size="xs" variant="default" aria-label={`End channel ${channel.name}`} onClick={() => end.mutate({ params })}>End</Button>
        </Group>
        {said === null ? null : <Text size="sm" role="status">{said}</Text>}
        {error === null ? null : <Text size="sm" role="alert">{error.message}</Text>}
      </Table.Td>
    </Table.Tr>
  );
}

function NewChannel() {
  const [name, setName] = useState('');
  const [type, setType] = useState<'webhook' | 'email'>('webhook');
  const [target, setTarget] = useState('');
  const create = useAction('createAlertChannel');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ body: { type, name: name.trim(), ...(type === 'webhook' ? { url: target.trim() } : { to: target.trim() }) } }, { onSuccess: () => { setName(''); setTarget(''); } });
  };
  return (
    <Card withBorder component="form" onSubmit={submit}>
      <Stack gap="sm">
        <Group align="flex-end">
          <TextInput label="Name of the channel" required maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Select label="Kind" data={['webhook', 'email']} value={type} allowDeselect={false} onChange={(value) => setType(value === 'email' ? 'email' : 'webhook')} />
          <TextInput label={type === 'webhook' ? 'Address that is posted to' : 'Mail address'} placeholder={type === 'webhook' ? 'https://chat.example.org/hook' : 'ada@example.org'} required value={target} onChange={(event) => setTarget(event.currentTarget.value)} />
          <Button type="submit" loading={create.isPending}>Add</Button>
        </Group>
        {create.error === null ? null : <Text role="alert">{create.error.message}</Text>}
        {create.data?.secret ? <CommandLine does="What its messages are signed with, as Standard Webhooks; it is shown only now:" line={create.data.secret} /> : null}
      </Stack>
    </Card>
  );
}
