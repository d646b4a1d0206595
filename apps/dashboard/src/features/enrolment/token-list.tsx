import { Button, Group, Modal, Stack, Table, Text, Title } from '@mantine/core';
import { type EnrolmentToken } from '@seedfleet/protocol';
import { useState } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { dateTimeOf } from '../../shell/format';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';

const columns = [
  { label: 'Token' }, { label: 'State' }, { label: 'Devices let in', number: true, hint: 'enrolments so far, of those it allows' }, { label: 'Approval' },
  { label: 'Made' }, { label: 'Expires' }, { label: 'Actions' },
];

const nameOf = (token: EnrolmentToken) => token.name ?? token.id;

function stateOf(token: EnrolmentToken): string {
  if (token.uses >= token.usesMax) return 'used up';
  return Date.parse(token.expiresAt) <= Date.now() ? 'expired' : 'open';
}

/** Tokens that are not ended. Ending one keeps its devices. */
export function TokenList() {
  const query = useRoute('listEnrolmentTokens');
  const [ending, setEnding] = useState<EnrolmentToken | null>(null);
  const end = useAction('deleteEnrolmentToken');
  const close = () => setEnding(null);
  const tokens = query.data?.items ?? [];
  return (
    <Stack component="section" aria-labelledby="tokens">
      <Title order={2} size="h4" id="tokens">Tokens</Title>
      <QueryState query={query}>
        {tokens.length === 0 ? <Text>No token lets anybody in. Make one above.</Text> : (
          <WideTable label="Tokens that let devices in" columns={columns} minWidth={860}>
            {tokens.map((token) => (
              <Table.Tr key={token.id}>
                <Table.Td>{nameOf(token)}{token.returning === null ? '' : ' (comes back after a wipe)'}</Table.Td>
                <Table.Td>{stateOf(token)}</Table.Td>
                <Table.Td className="number">{token.uses} of {token.usesMax}</Table.Td>
                <Table.Td>{token.approval ? 'wanted' : 'not wanted'}</Table.Td>
                <Table.Td>{dateTimeOf(token.createdAt)}</Table.Td>
                <Table.Td>{dateTimeOf(token.expiresAt)}</Table.Td>
                <Table.Td><Button size="xs" variant="default" aria-label={`End token ${nameOf(token)}`} onClick={() => setEnding(token)}>End</Button></Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
      </QueryState>
      <Modal opened={ending !== null} onClose={close} title={ending === null ? '' : `End token ${nameOf(ending)}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Text>It lets nobody in from now on. The {ending?.uses ?? 0} devices that enrolled with it stay.</Text>
        {end.error === null ? null : <Text role="alert">{end.error.message}</Text>}
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={close}>Keep it</Button>
          <Button color="red.9" onClick={() => ending !== null && end.mutate({ params: { id: ending.id } }, { onSuccess: close })}>End token {ending === null ? '' : nameOf(ending)}</Button>
        </Group>
      </Modal>
    </Stack>
  );
}
