import { basename } from 'node:path';
import { readDataFile } from '@seedfleet/dataset';
import { FleetError } from '@seedfleet/errors';
import { type DataSource } from '../preparation/data-source.js';
import { type Check } from './check.js';

/** Reads the whole data file as a run would, and counts; shows nothing of what it holds. */
export function dataCheck(data: DataSource | null): Check {
  return { name: 'data', look: async () => {
    if (data === null) return 'no --data: this worker follows the log and takes part in no round';
    let examples = 0;
    const labels = new Set<string>();
    for await (const example of readDataFile(data)) {
      examples++;
      labels.add(example.label);
    }
    if (examples === 0) throw new FleetError('dataset.empty', { field: '--data', problem: `The data file ${basename(data.path)} holds no examples.` });
    const heldOut = Math.floor(examples * data.heldOutFraction);
    return `${examples} examples of ${labels.size} labels, ${heldOut} of them held out`;
  } };
}
