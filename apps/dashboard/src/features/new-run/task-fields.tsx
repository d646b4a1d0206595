import { Select, TextInput } from '@mantine/core';
import { type TaskType } from '@seedfleet/protocol';
import { OptionalNumberField } from './number-field';
import { type RunDraft } from './run-draft';

const taskNames: Record<TaskType, string> = { classification: 'Classification: a trained head', verbalizer: 'Classification: the word that the model answers with', language: 'Language: what follows what' };

export interface TaskFieldsProps { draft: RunDraft; change: (part: Partial<RunDraft>) => void; tasks: readonly TaskType[]; problem: string | null }

/** What is learnt: the fields that the chosen task needs. */
export function TaskFields({ draft, change, tasks, problem }: TaskFieldsProps) {
  return (
    <>
      <Select label="Task" description="what the output of this model is good for" data={tasks.map((task) => ({ value: task, label: taskNames[task] }))} value={draft.task} allowDeselect={false} required
        error={tasks.includes(draft.task) ? null : 'This model is not good for this task.'} onChange={(value) => change({ task: tasks.find((task) => task === value) ?? draft.task })} />
      {draft.task === 'language' ? null : (
        <TextInput label="Labels" description="in the order of their class index, with commas between; as the devices' files spell them" value={draft.labels} required
          error={problem} onChange={(event) => change({ labels: event.currentTarget.value })} />
      )}
      {draft.task !== 'language' ? null : (
        <OptionalNumberField label="Overlap, tokens" description="a longer text becomes windows that share so many tokens; empty: it is cut" value={draft.overlap} min={1} max={draft.tokensMax - 1} onChange={(overlap) => change({ overlap })} />
      )}
      {draft.task !== 'verbalizer' ? null : (
        <>
          <TextInput label="Words" description="what the model answers for each label, with commas between; a space before a word counts" value={draft.words} required onChange={(event) => change({ words: event.currentTarget.value })} />
          <TextInput label="Template" description="what the model reads, {text} in place of the example; ends where the answer begins" value={draft.template} required onChange={(event) => change({ template: event.currentTarget.value })} />
        </>
      )}
    </>
  );
}
