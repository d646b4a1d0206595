import { basename } from 'node:path';
import { readDataFile } from '@seedfleet/dataset';
import { FleetError } from '@seedfleet/errors';
import { type DataSource } from '../preparation/data-source.js';
import { readPolicy } from '../vault/policy.js';
import { vaultPath } from '../vault/vault.js';
import { type Check } from './check.js';

/** Reads the whole data file as a run would, and counts; shows nothing of what it holds. */
export function dataCheck({ home, data }: { home: string; data: DataSource | null }): Check {
  return { name: 'data', look: async () => {
    if (data === null) return 'no --data: this worker follows the log and takes part in no round';
    const { examples, labels } = await countsOf(data);
    if (examples === 0) throw new FleetError('dataset.empty', { field: '--data', problem: `The data file ${basename(data.path)} holds no examples.` });
    const heldOut = Math.floor(examples * data.heldOutFraction);
    const { evaluationExamplesMin } = readPolicy(vaultPath(home, 'policy'));
    return `${examples} examples${labels === 0 ? ' without a label, for language runs only' : ` of ${labels} labels`}, ${heldOut} of them held out${heldOut >= evaluationExamplesMin ? '' : `; declines evaluations, which need ${evaluationExamplesMin} (evaluationExamplesMin in policy.json)`}`;
  } };
}

/** Examples and different labels, and no more; no labels where the field for them is missing, as in a file for a language run. */
export async function countsOf(data: DataSource): Promise<{ examples: number; labels: number }> {
  let examples = 0;
  const labels = new Set<string>();
  try {
    for await (const example of readDataFile(data)) {
      examples++;
      if (example.label !== undefined) labels.add(example.label);
    }
  } catch (error) {
    const { text, label } = data.fields;
    // Only where no example before had one: a label that is missing in the middle is a mistake.
    if (error instanceof FleetError && error.code === 'dataset.missing-field' && error.field === label && examples === 0) return countsOf({ ...data, fields: { text } });
    throw error;
  }
  return { examples, labels: labels.size };
}
