import { Button, Group, TextInput } from '@mantine/core';
import { deviceFilterFields, parseFilter } from '@seedfleet/protocol';
import { useEffect, useState, type FormEvent } from 'react';
import { problemOfFilter } from './problem-of-filter';

const suggestions = [{ label: 'Waiting', filter: 'state=pending' }, { label: 'Online', filter: 'online=yes' }, { label: 'Not seen for a day', filter: 'seen>24h state=active' }] as const;

/** The filter of the list: sent on Enter, refused here with the place of the mistake. */
export function DeviceFilter({ value, onChange }: { value: string; onChange: (filter: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const problem = problemOfFilter(text, (typed) => parseFilter(typed, deviceFilterFields));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (problem === null) onChange(text.trim());
  };
  return (
    <form onSubmit={submit} role="search">
      <Group align="flex-start">
        <TextInput label="Filter" description={`Terms with spaces between them, all of which must hold: ${Object.keys(deviceFilterFields).join(', ')}.`} placeholder="tag=lab online=yes seen<24h" className="filter"
          value={text} error={problem} onChange={(event) => setText(event.currentTarget.value)} />
      </Group>
      <Group mt="xs" gap="xs">
        <Button type="submit" size="xs">Show</Button>
        {suggestions.map(({ label, filter }) => <Button key={filter} size="xs" variant="default" onClick={() => onChange(filter)}>{label}</Button>)}
        {value === '' ? null : <Button size="xs" variant="default" onClick={() => onChange('')}>All devices</Button>}
      </Group>
    </form>
  );
}
