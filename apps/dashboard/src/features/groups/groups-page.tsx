import { Button, Group as Row, Modal, Stack, Table, Text, Title } from '@mantine/core';
import { type Group } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAction, useRoute } from '../../api/use-route';
import { EmptyState } from '../../shell/empty-state';
import { QueryState } from '../../shell/query-state';
import { WideTable } from '../../shell/wide-table';
import { GroupForm } from './group-form';

const columns = [{ label: 'Name' }, { label: 'Devices', number: true, hint: 'in it now' }, { label: 'Online', number: true }, { label: 'Who is in it' }, { label: 'Actions' }];
const filterOf = ({ name }: Group) => `group="${name.replace(/["\\]/g, '\\$&')}"`;

/** Groups of devices with their live counts. */
export function GroupsPage() {
  const groups = useRoute('listGroups');
  const [editing, setEditing] = useState<Group | null>(null);
  const [deleting, setDeleting] = useState<Group | null>(null);
  const remove = useAction('deleteGroup');
  const rows = groups.data?.items ?? [];
  return (
    <Stack>
      <Title order={1} size="h2">Groups</Title>
      <Text>A group with a filter holds whoever the filter means, now and later. A group without one holds the devices that are put into it, and those that enrol with its token.</Text>
      <GroupForm key="new" group={null} onDone={() => undefined} />
      <QueryState query={groups}>
        {rows.length === 0 ? <EmptyState title="No group yet"><Text>Name one above: the machines of a lab, say, by the tag that they carry.</Text></EmptyState> : (
          <WideTable label="Groups" columns={columns} minWidth={700}>
            {rows.map((group) => (
              <Table.Tr key={group.id}>
                <Table.Td><Text component={Link} to={`/devices?filter=${encodeURIComponent(filterOf(group))}`} td="underline">{group.name}</Text></Table.Td>
                <Table.Td className="number">{group.count}</Table.Td><Table.Td className="number">{group.online}</Table.Td>
                <Table.Td className={group.filter === null ? undefined : 'mono'}>{group.filter ?? 'by hand'}</Table.Td>
                <Table.Td>
                  <Row gap="xs" wrap="nowrap">
                    <Button size="xs" variant="default" aria-label={`Change group ${group.name}`} onClick={() => setEditing(group)}>Change</Button>
                    <Button size="xs" variant="default" aria-label={`Delete group ${group.name}`} onClick={() => setDeleting(group)}>Delete</Button>
                  </Row>
                </Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
      </QueryState>
      <Modal opened={editing !== null} onClose={() => setEditing(null)} title={`Change ${editing?.name ?? ''}`} closeButtonProps={{ 'aria-label': 'Close' }}>
        {editing === null ? null : <GroupForm key={editing.id} group={editing} onDone={() => setEditing(null)} />}
      </Modal>
      <Modal opened={deleting !== null} onClose={() => setDeleting(null)} title={`Delete ${deleting?.name ?? ''}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Text>Its {deleting?.count ?? 0} devices stay in the fleet; filters that name it mean nobody from now on.</Text>
        {remove.error === null ? null : <Text role="alert">{remove.error.message}</Text>}
        <Row mt="md" justify="flex-end">
          <Button variant="default" onClick={() => setDeleting(null)}>Keep it</Button>
          <Button color="red.9" onClick={() => deleting !== null && remove.mutate({ params: { id: deleting.id } }, { onSuccess: () => setDeleting(null) })}>Delete {deleting?.name ?? ''}</Button>
        </Row>
      </Modal>
    </Stack>
  );
}
