import { SimpleGrid, Text } from '@mantine/core';
import { NumberField, OptionalNumberField } from './number-field';
import { type StepProps } from './task-step';

/** What ends a run before its last round. Looked at after each evaluation; budgets before each attempt. */
export function StopFields({ draft, change }: StepProps) {
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
        <OptionalNumberField label="Loss reached" description="done at this held-out loss or less" value={draft.targetLoss} min={0} whole={false} onChange={(targetLoss) => change({ targetLoss })} />
        <OptionalNumberField label="Accuracy reached" description="done at this held-out share or more, 0 to 1" value={draft.targetAccuracy} min={0} max={1} whole={false} onChange={(targetAccuracy) => change({ targetAccuracy })} />
        <OptionalNumberField label="No progress" description="done after so many evaluations in a row without a better loss" value={draft.plateau} min={1} onChange={(plateau) => change({ plateau })} />
        <NumberField label="Progress is" description="a loss better by more than this" value={draft.plateauImprovement} min={0} whole={false} onChange={(plateauImprovement) => change({ plateauImprovement })} />
        <OptionalNumberField label="Divergence" description="failed once the loss is so many times the first" value={draft.divergence} min={1} whole={false} onChange={(divergence) => change({ divergence })} />
        <OptionalNumberField label="Budget, scalars" description="numbers that may leave devices, in all" value={draft.budgetScalars} min={1} onChange={(budgetScalars) => change({ budgetScalars })} />
        <OptionalNumberField label="Budget, hours" description="from the start, pauses included" value={draft.budgetHours} min={0} whole={false} onChange={(budgetHours) => change({ budgetHours })} />
        <NumberField label="Held-out examples at least" description="of a device whose evaluation counts: a sum over fewer is nearly the loss of one" value={draft.heldOutMin} min={1} onChange={(heldOutMin) => change({ heldOutMin })} />
      </SimpleGrid>
      <Text size="sm" c="dimmed" mt="sm">Each condition ends the run in a state with its cause. Without any the run ends after its last round.</Text>
    </>
  );
}
