import { Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { type Model } from '@seedfleet/protocol';
import { Link } from '@tanstack/react-router';
import { EmptyState } from '../../shell/empty-state';
import { countText } from '../../shell/format';
import { trainedValues } from '../../shell/round-bytes';
import { NumberField } from './number-field';
import { labelsOf, matchingSites, type RunDraft } from './run-draft';

export interface StepProps { draft: RunDraft; change: (part: Partial<RunDraft>) => void }

/** Second screen: what is learnt, by which model, with what adapter. */
export function TaskStep({ draft, change, models }: StepProps & { models: Model[] }) {
  const model = models.find(({ id }) => id === draft.model);
  const sites = matchingSites(model, draft.sites);
  const labels = labelsOf(draft);
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
          onChange={(value) => change({ model: value })} />
        <TextInput label="Name of the run" description="shown in lists" value={draft.name} required maxLength={100} onChange={(event) => change({ name: event.currentTarget.value })} />
        <TextInput label="Labels" description="in the order of their class index, with commas between; as the devices' files spell them" value={draft.labels} required
          error={labels.length < 2 || new Set(labels).size < labels.length ? 'Give at least two labels, each once.' : null} onChange={(event) => change({ labels: event.currentTarget.value })} />
        <NumberField label="Tokens of one example" description="longer ones are cut" value={draft.tokensMax} min={1} max={1_048_576} onChange={(tokensMax) => change({ tokensMax })} />
        <TextInput label="Adapter sites" description="regular expression over whole site names" className="mono-input" value={draft.sites} required
          error={sites === null ? 'This is no regular expression.' : sites.length === 0 ? 'No site matches.' : null} onChange={(event) => change({ sites: event.currentTarget.value })} />
        <NumberField label="Rank" description="width of the adapters" value={draft.rank} min={1} max={1_024} onChange={(rank) => change({ rank })} />
        <NumberField label="Alpha" description="scaling of the adapters: alpha / rank" value={draft.alpha} min={0} whole={false} onChange={(alpha) => change({ alpha })} />
      </SimpleGrid>
      {model === undefined || sites === null ? null : (
        <Text role="status"><b>{sites.length}</b> of {model.sites.length} sites match; the run trains <b>{countText(trainedValues({ sites, rank: draft.rank, width: model.outputWidth ?? 0, classes: labels.length }))}</b> values.</Text>
      )}
    </Stack>
  );
}
