import { Button, Group, List, Modal, Select, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { bulkActions } from '@seedfleet/protocol';
import { useState } from 'react';
import { useAction } from '../../api/use-route';
import { CommandLine } from '../../shell/command-line';
import { shellWord } from '../../shell/shell-words';

type BulkAction = (typeof bulkActions)[number];

/** One action on everybody that the filter means. Says how many they are before, and who stayed as they were after. */
export function BulkActions({ filter, count }: { filter: string; count: number }) {
  const [asking, { open, close }] = useDisclosure(false);
  const [action, setAction] = useState<BulkAction>('suspend');
  const [tag, setTag] = useState('');
  const change = useAction('changeDevices');
  const wantsTag = action.endsWith('-tag');
  const word = wantsTag ? { tag: tag.trim() } : {};
  const start = () => {
    change.reset();
    open();
  };
  if (count === 0) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={start}>Change all {count}</Button>
      <Modal opened={asking} onClose={close} title={`Change ${count} devices`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Text>All that <span className="mono">{filter}</span> means now. If others are meant by the time it happens, nothing happens.</Text>
        <Select mt="sm" label="What to do" data={[...bulkActions]} value={action} allowDeselect={false} onChange={(value) => setAction(bulkActions.find((known) => known === value) ?? 'suspend')} />
        {wantsTag ? <TextInput mt="sm" label="Tag" value={tag} onChange={(event) => setTag(event.currentTarget.value)} /> : null}
        {action === 'revoke' ? <Text mt="sm">Revoked devices cannot be let in again; they must enrol anew.</Text> : null}
        <CommandLine does="The same from a terminal:" line={`seedfleet devices change ${action} --filter ${shellWord(filter)}${wantsTag ? ` --tag ${shellWord(tag.trim() || 'TAG')}` : ''}`} />
        {change.error === null ? null : <Text role="alert" mt="sm">{change.error.message}</Text>}
        {change.data === undefined ? null : (
          <div role="status">
            <Text mt="sm">{change.data.changed} devices changed{change.data.unchanged.length === 0 ? '.' : `; ${change.data.unchanged.length} stayed as they were:`}</Text>
            <List>{change.data.unchanged.slice(0, 10).map(({ id, name, state }) => <List.Item key={id}>{name}, {state}</List.Item>)}</List>
          </div>
        )}
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={close}>Close</Button>
          <Button color={action === 'revoke' ? 'red.9' : undefined} loading={change.isPending} disabled={wantsTag && tag.trim() === ''}
            onClick={() => change.mutate({ body: { filter, action, expected: count, ...word } })}>{action} {count} devices</Button>
        </Group>
      </Modal>
    </>
  );
}
