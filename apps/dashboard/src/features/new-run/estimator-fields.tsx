import { Select, SimpleGrid } from '@mantine/core';
import { NumberField } from './number-field';
import { type StepProps } from './task-step';

const estimators = ['leave-one-out', 'central', 'forward'] as const;
const distributions = ['rademacher', 'gaussian'] as const;
const steps = ['sgd', 'normalised', 'momentum', 'adam'] as const;
const schedules = ['constant', 'linear', 'cosine'] as const;

/** What is rarely changed: how differences come about and what becomes of them. */
export function EstimatorFields({ draft, change }: StepProps) {
  const choice = <T extends string>(known: readonly T[], value: string | null, set: (value: T) => void) => {
    const found = known.find((candidate) => candidate === value);
    if (found !== undefined) set(found);
  };
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
      <Select label="Estimator" description="losses to differences" data={[...estimators]} value={draft.estimator} allowDeselect={false} onChange={(value) => choice(estimators, value, (estimator) => change({ estimator }))} />
      <NumberField label="Epsilon" description="how far along a direction" value={draft.eps} min={0} whole={false} onChange={(eps) => change({ eps })} />
      <Select label="Distribution" description="of the directions" data={[...distributions]} value={draft.distribution} allowDeselect={false} onChange={(value) => choice(distributions, value, (distribution) => change({ distribution }))} />
      <NumberField label="Direction sets" description="groups of devices with directions of their own" value={draft.directionGroups} min={1} max={255} onChange={(directionGroups) => change({ directionGroups })} />
      <Select label="Step rule" description="what a commit does to the adapter" data={[...steps]} value={draft.step} allowDeselect={false} onChange={(value) => choice(steps, value, (step) => change({ step }))} />
      <Select label="Schedule" description="of the learning rate over the run" data={[...schedules]} value={draft.schedule} allowDeselect={false} onChange={(value) => choice(schedules, value, (schedule) => change({ schedule }))} />
      <NumberField label="Adapter scale" description="perturbation of the adapters" value={draft.scale} min={0} whole={false} onChange={(scale) => change({ scale })} />
      <NumberField label="Head scale" description="perturbation of the head of a classification" value={draft.headScale} min={0} whole={false} onChange={(headScale) => change({ headScale })} />
      <NumberField label="Over-selection" description="devices asked for each report wanted" value={draft.overSelection} min={1} max={10} whole={false} onChange={(overSelection) => change({ overSelection })} />
      <NumberField label="Attempts at most" description="of one round, before the run fails" value={draft.attemptsMax} min={1} onChange={(attemptsMax) => change({ attemptsMax })} />
      <NumberField label="Checkpoint every" description="rounds; 0: only at the end" value={draft.checkpointEveryRounds} min={0} onChange={(checkpointEveryRounds) => change({ checkpointEveryRounds })} />
    </SimpleGrid>
  );
}
