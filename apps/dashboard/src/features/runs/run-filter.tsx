import { Button, Group, TextInput } from '@mantine/core';
import { parseFilter, runFilterFields } from '@seedfleet/protocol';
import { useEffect, useState, type FormEvent } from 'react';

const suggestions = [{ label: 'Going on', filter: 'state=running,paused' }, { label: 'Waiting', filter: 'state=draft,scheduled,queued' }, { label: 'Failed', filter: 'state=failed' }] as const;

function problemOf(text: string): string | null {
  try {
    parseFilter(text, runFilterFields);
    return null;
  } catch (error) {
    return error instanceof Error && 'problem' in error ? String(error.problem) : 'The filter cannot be read.';
  }
}

/** The filter of the list: sent on Enter, refused here with the place of the mistake. */
export function RunFilter({ value, onChange }: { value: string; onChange: (filter: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const problem = problemOf(text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (problem === null) onChange(text.trim());
  };
  return (
    <form onSubmit={submit} role="search">
      <TextInput label="Filter" description={`Terms with spaces between them, all of which must hold: ${Object.keys(runFilterFields).join(', ')}.`} placeholder="state=running name~review created<7d" className="filter"
        value={text} error={problem} onChange={(event) => setText(event.currentTarget.value)} />
      <Group mt="xs" gap="xs">
        <Button type="submit" size="xs">Show</Button>
        {suggestions.map(({ label, filter }) => <Button key={filter} size="xs" variant="default" onClick={() => onChange(filter)}>{label}</Button>)}
        {value === '' ? null : <Button size="xs" variant="default" onClick={() => onChange('')}>All runs</Button>}
      </Group>
    </form>
  );
}
