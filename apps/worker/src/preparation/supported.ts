import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';

export function labelsOf({ task }: Manifest): string[] {
  if (task.type !== 'classification') throw new FleetError('preparation.failed', { field: 'task.type', problem: `This worker does not know the task ${task.type}.` });
  return task.labels;
}

export function inputsOf({ model: { inputs: { ids, mask } } }: Manifest): { ids: string; mask: string } {
  if (mask === undefined) throw new FleetError('preparation.failed', { field: 'model.inputs.mask', problem: 'This worker needs a mask.' });
  return { ids, mask };
}
