import { Alert, Button, Card, Group, Modal, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { operatorRoles, type ApiToken, type OperatorRole } from '@seedfleet/protocol';
import { useState, type FormEvent } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [{ label: 'Name' }, { label: 'Operator' }, { label: 'Role' }, { label: 'Made' }, { label: 'Expires' }, { label: 'Actions' }];

/** Tokens for programs and for the command line. One is shown when it is made and never again. */
export function ApiTokens() {
  const tokens = useRoute('listApiTokens');
  const [ending, setEnding] = useState<ApiToken | null>(null);
  const revoke = useAction('deleteApiToken');
  const close = () => setEnding(null);
  const rows = tokens.data?.items ?? [];
  return (
    <Stack component="section" aria-labelledby="api-tokens">
      <Title order={2} size="h4" id="api-tokens">API tokens</Title>
      <NewApiToken />
      <QueryState query={tokens}>
        {rows.length === 0 ? <Text>No token. Make one to use the command line or the API.</Text> : (
          <WideTable label="Tokens for programs" columns={columns} minWidth={760}>
            {rows.map((token) => (
              <Table.Tr key={token.id}>
                <Table.Td>{token.name}</Table.Td><Table.Td>{token.operator}</Table.Td><Table.Td>{token.role}</Table.Td><Table.Td>{dateTimeOf(token.createdAt)}</Table.Td>
                <Table.Td>{token.expiresAt === null ? 'never' : dateTimeOf(token.expiresAt)}</Table.Td>
                <Table.Td><Button size="xs" variant="default" aria-label={`Revoke API token ${token.name}`} onClick={() => setEnding(token)}>Revoke</Button></Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
      </QueryState>
      <Modal opened={ending !== null} onClose={close} title={`Revoke API token ${ending?.name ?? ''}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Text>Whatever uses it is refused from now on.</Text>
        {revoke.error === null ? null : <Text role="alert">{revoke.error.message}</Text>}
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={close}>Keep it</Button>
          <Button color="red.9" onClick={() => ending !== null && revoke.mutate({ params: { id: ending.id } }, { onSuccess: close })}>Revoke {ending?.name ?? ''}</Button>
        </Group>
      </Modal>
    </Stack>
  );
}

function NewApiToken() {
  const [name, setName] = useState('');
  const [role, setRole] = useState<OperatorRole>('viewer');
  const create = useAction('createApiToken');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ body: { name: name.trim(), role } }, { onSuccess: () => setName('') });
  };
  return (
    <Card withBorder component="form" onSubmit={submit}>
      <Stack gap="sm">
        <Group align="flex-end">
          <TextInput label="Name of the API token" placeholder="nightly job" required maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Select label="It may do what a" data={[...operatorRoles]} value={role} allowDeselect={false} onChange={(value) => setRole(operatorRoles.find((known) => known === value) ?? 'viewer')} />
          <Button type="submit" loading={create.isPending}>Make it</Button>
        </Group>
        {create.error === null ? null : <Alert color="red" variant="outline" role="alert" title="No API token was made">{create.error.message}</Alert>}
        {create.data === undefined ? null : <CommandLine does="The API token; it is shown only now:" line={create.data.token} />}
      </Stack>
    </Card>
  );
}
