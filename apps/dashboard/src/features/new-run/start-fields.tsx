import { Select, SimpleGrid, Switch, Text, TextInput } from '@mantine/core';
import { useRoute } from '../../api/use-route';
import { type StepProps } from './task-step';

/** Local time as an input of that kind has it. */
function localOf(instant: string | null): string {
  if (instant === null) return '';
  const at = new Date(instant);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What holds the start up. */
export function StartFields({ draft, change }: StepProps) {
  const runs = useRoute('listRuns', { query: { limit: 100, filter: 'state=draft,scheduled,queued,running,paused' } });
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        <TextInput type="datetime-local" label="Not before" description="your local time; empty: at once" value={localOf(draft.startAt)} onChange={(event) => change({ startAt: event.currentTarget.value === '' ? null : new Date(event.currentTarget.value).toISOString() })} />
        <Select label="After another run" description="once it has ended, in whatever way" placeholder="no other" clearable searchable data={(runs.data?.items ?? []).map(({ id, name, state }) => ({ value: String(id), label: `${id} ${name} (${state})` }))}
          value={draft.after === null ? null : String(draft.after)} onChange={(value) => change({ after: value === null ? null : Number(value) })} />
        <Switch mt={{ base: 0, sm: 'xl' }} label="When its devices are free" description="waits while another run works with one of them" checked={draft.whenFree} onChange={(event) => change({ whenFree: event.currentTarget.checked })} />
      </SimpleGrid>
      <Text size="sm" c="dimmed" mt="sm">Runs that share devices without waiting take turns: a device works for one round at a time.</Text>
    </>
  );
}
