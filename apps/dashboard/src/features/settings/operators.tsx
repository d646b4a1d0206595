import { Alert, Button, Card, Group, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { operatorRoles, type OperatorRole, type OperatorRow } from '@seedfleet/protocol';
import { useState, type FormEvent } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [{ label: 'Name' }, { label: 'Role' }, { label: 'State' }, { label: 'Since' }, { label: 'Actions' }];
const roleOf = (value: string | null): OperatorRole => operatorRoles.find((role) => role === value) ?? 'viewer';

/** People who may sign in. An invitation is a one-time link that sets a password. */
export function Operators() {
  const operators = useRoute('listOperators');
  const renew = useAction('renewInvitation');
  return (
    <Stack component="section" aria-labelledby="operators">
      <Title order={2} size="h4" id="operators">Operators</Title>
      <Invite />
      {renew.data === undefined ? null : <CommandLine does={`A new one-time link for ${renew.data.operator.name}, good until ${dateTimeOf(renew.data.expiresAt)}:`} line={`${location.origin}${renew.data.path}`} />}
      <QueryState query={operators}>
        <WideTable label="People who may sign in" columns={columns} minWidth={760}>
          {(operators.data?.items ?? []).map((operator) => <OperatorLine key={operator.id} operator={operator} onNewLink={() => renew.mutate({ params: { id: operator.id } })} />)}
        </WideTable>
      </QueryState>
    </Stack>
  );
}

function Invite() {
  const [name, setName] = useState('');
  const [role, setRole] = useState<OperatorRole>('viewer');
  const invite = useAction('inviteOperator');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate({ body: { name: name.trim(), role } }, { onSuccess: () => setName('') });
  };
  return (
    <Card withBorder component="form" onSubmit={submit}>
      <Stack gap="sm">
        <Group align="flex-end">
          <TextInput label="Name of the operator" required maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Select label="Role" data={[...operatorRoles]} value={role} allowDeselect={false} onChange={(value) => setRole(roleOf(value))} />
          <Button type="submit" loading={invite.isPending}>Invite</Button>
        </Group>
        <Text size="sm">A viewer reads; an operator works with devices, models and runs; an admin may do everything.</Text>
        {invite.error === null ? null : <Alert color="red" variant="outline" role="alert" title="Nobody was invited">{invite.error.message}</Alert>}
        {invite.data === undefined ? null : <CommandLine does={`Send this link to ${invite.data.operator.name}; it works once, until ${dateTimeOf(invite.data.expiresAt)}:`} line={`${location.origin}${invite.data.path}`} />}
      </Stack>
    </Card>
  );
}

function OperatorLine({ operator, onNewLink }: { operator: OperatorRow; onNewLink: () => void }) {
  const change = useAction('changeOperatorRole');
  const disable = useAction('disableOperator');
  const enable = useAction('enableOperator');
  const params = { id: operator.id };
  const error = change.error ?? disable.error ?? enable.error;
  return (
    <Table.Tr>
      <Table.Td>{operator.name}</Table.Td>
      <Table.Td><Select size="xs" aria-label={`Role of ${operator.name}`} data={[...operatorRoles]} value={operator.role} allowDeselect={false} onChange={(value) => change.mutate({ params, body: { role: roleOf(value) } })} /></Table.Td>
      <Table.Td>{operator.disabledAt === null ? operator.hasPassword || operator.hasIdentity ? 'active' : 'invited, no password yet' : `shut out since ${dateTimeOf(operator.disabledAt)}`}</Table.Td>
      <Table.Td>{dateTimeOf(operator.createdAt)}</Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Button size="xs" variant="default" aria-label={`New link for ${operator.name}`} onClick={onNewLink}>New link</Button>
          {operator.disabledAt === null
            ? <Button size="xs" variant="default" aria-label={`Shut out ${operator.name}`} onClick={() => disable.mutate({ params })}>Shut out</Button>
            : <Button size="xs" variant="default" aria-label={`Let ${operator.name} in`} onClick={() => enable.mutate({ params })}>Let in</Button>}
        </Group>
        {error === null ? null : <Text size="sm" role="alert">{error.message}</Text>}
      </Table.Td>
    </Table.Tr>
  );
}
