import { deviceStatement, limits, type DatasetStatement, type DeviceError, type DeviceStatement } from '@seedfleet/protocol';
import { type ComputeOptions } from '../preparation/compute-options.js';
import { type DataSource } from '../preparation/data-source.js';
import { type DevicePolicy } from '../vault/policy.js';

/** What was counted in the data of this device. */
export interface DataCounts { examples: number; labels: number }

/**
 * What this device states of itself: its policy, and of its data the name, the counts and the fields that its owner gave. Nothing here is read
 * from a row. What is longer than the protocol takes is cut, so that a long policy never keeps the device from connecting.
 */
export function statementOf({ policy, compute, data, counts, lastError }: {
  policy: DevicePolicy; compute: ComputeOptions; data: DataSource | null; counts: DataCounts | null; lastError: DeviceError | null;
}): DeviceStatement | null {
  const { tasks, models, roundsPerDay, scalarsPerDay, hours, memoryMegabytes, evaluationExamplesMin, sharesPaths } = policy;
  const stated = deviceStatement.safeParse({
    policy: {
      tasks: names(tasks), models: names(models), roundsPerDay: count(roundsPerDay), scalarsPerDay: count(scalarsPerDay), hours,
      memoryMegabytes: memoryMegabytes === null && compute.memoryMegabytes === null ? null : Math.min(memoryMegabytes ?? Infinity, compute.memoryMegabytes ?? Infinity, 1_000_000_000),
      evaluationExamplesMin: Math.min(evaluationExamplesMin, limits.examplesMax), precision: compute.precision, cacheMegabytes: Math.min(compute.cacheMegabytes, 1_000_000_000), sharesPaths,
    },
    datasets: data === null ? [] : [datasetOf(data, counts)],
    ...(lastError === null ? {} : { lastError }),
  });
  return stated.success ? stated.data : null;
}

function datasetOf({ format, fields, declared = { name: 'examples', tags: [] } }: DataSource, counts: DataCounts | null): DatasetStatement {
  const hasLabels = fields.label !== undefined && counts?.labels !== 0;
  return {
    name: declared.name, format, tags: [...declared.tags], examples: counts === null ? null : counts.examples, labels: counts === null || !hasLabels ? null : counts.labels,
    fields: [{ name: word(fields.text), holds: 'text' }, ...(fields.label !== undefined && hasLabels ? [{ name: word(fields.label), holds: 'label' }] : [])],
    tasks: hasLabels ? ['classification', 'verbalizer', 'language'] : ['language'],
  };
}

const word = (text: string) => text.slice(0, limits.wordCharactersMax);
const count = (value: number | null) => (value === null ? null : Math.min(value, limits.examplesMax));
const names = (list: readonly string[] | null) => (list === null ? null : list.slice(0, limits.statementItemsMax).map((name) => name.slice(0, limits.nameCharactersMax)));
