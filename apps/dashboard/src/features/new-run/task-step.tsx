import { Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { precisions, type Model } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { EmptyState } from '../../shell/empty-state';
import { countText } from '../../shell/format';
import { NumberField } from './number-field';
import { matchingSites, problemOfTask, trainedBy, type RunDraft } from './run-draft';
import { TaskFields } from './task-fields';

export interface StepProps { draft: RunDraft; change: (part: Partial<RunDraft>) => void }

/** Second screen: what is learnt, by which model, with what adapter. */
export function TaskStep({ draft, change, models }: StepProps & { models: Model[] }) {
  const model = models.find(({ id }) => id === draft.model);
  const sites = matchingSites(model, draft.sites);
  const biases = matchingSites(model, draft.biases);
  if (models.length === 0) {
    return (
      <EmptyState title="No model is ready">
        <Text>A run fine-tunes a base model. <Text component={Link} to="/models" td="underline">Add one</Text>, then come back.</Text>
      </EmptyState>
    );
  }
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Select label="Model" description="base model, its weights stay as they are" data={models.map(({ id, name }) => ({ value: id, label: `${name} (${id})` }))} value={draft.model} allowDeselect={false} required
          onChange={(value) => change({ model: value, ...taskFor(models.find(({ id }) => id === value), draft) })} />
        <TextInput label="Name of the run" description="shown in lists" value={draft.name} required maxLength={100} onChange={(event) => change({ name: event.currentTarget.value })} />
        <TaskFields draft={draft} change={change} tasks={model?.tasks ?? []} problem={problemOfTask(draft)} />
        <NumberField label="Tokens of one example" description="longer ones are cut" value={draft.tokensMax} min={1} max={1_048_576} onChange={(tokensMax) => change({ tokensMax })} />
        <TextInput label="Adapter sites" description="regular expression over whole site names" className="mono-input" value={draft.sites} required
          error={sites === null ? 'This is no regular expression.' : sites.length === 0 && draft.sites !== '' ? 'No site matches.' : null} onChange={(event) => change({ sites: event.currentTarget.value })} />
        <TextInput label="Biases" description="regular expression over site names whose outputs get a trained bias; empty: none" className="mono-input" value={draft.biases}
          error={biases === null ? 'This is no regular expression.' : biases.length === 0 && draft.biases !== '' ? 'No site matches.' : null} onChange={(event) => change({ biases: event.currentTarget.value })} />
        <Select label="Precision" description="w8a8: linears in 8 bits, several times less work; owners of devices may choose otherwise" data={[...precisions]} value={draft.precision} allowDeselect={false}
          onChange={(value) => change({ precision: precisions.find((known) => known === value) ?? 'fp32' })} />
        <NumberField label="Rank" description="width of the adapters" value={draft.rank} min={1} max={1_024} onChange={(rank) => change({ rank })} />
        <NumberField label="Alpha" description="scaling of the adapters: alpha / rank" value={draft.alpha} min={0} whole={false} onChange={(alpha) => change({ alpha })} />
      </SimpleGrid>
      {model === undefined || sites === null ? null : (
        <Text role="status"><b>{sites.length}</b> of {model.sites.length} sites match; the run trains <b>{countText(trainedBy(draft, model))}</b> values.</Text>
      )}
    </Stack>
  );
}

/** The task stays if the model is good for it. */
function taskFor(model: Model | undefined, { task }: RunDraft): Partial<RunDraft> {
  const [first] = model?.tasks ?? [];
  return first === undefined || model?.tasks.includes(task) ? {} : { task: first };
}
