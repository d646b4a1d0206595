import { type ComputeOptions } from '../preparation/compute-options.js';
import { type DataSource } from '../preparation/data-source.js';
import { type Surroundings } from '../surroundings.js';
import { examine, type Finding } from './check.js';
import { computeCheck } from './compute-check.js';
import { coordinatorChecks } from './coordinator-checks.js';
import { dataCheck } from './data-check.js';
import { deviceChecks } from './device-checks.js';
import { engineCheck } from './engine-check.js';

/** Looks at everything that a worker needs, from Node to the data file, and changes nothing. */
export function diagnose({ home, data, compute, nodeVersion, surroundings }:
{ home: string; data: DataSource | null; compute: ComputeOptions; nodeVersion: string; surroundings: Surroundings }): Promise<Finding[]> {
  return examine([
    ...deviceChecks({ home, nodeVersion }),
    ...coordinatorChecks({ home, surroundings }),
    engineCheck(compute),
    computeCheck({ home, options: compute }),
    dataCheck({ home, data }),
  ]);
}
