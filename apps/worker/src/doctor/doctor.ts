import { type DataSource } from '../preparation/data-source.js';
import { type Surroundings } from '../surroundings.js';
import { examine, type Finding } from './check.js';
import { coordinatorChecks } from './coordinator-checks.js';
import { dataCheck } from './data-check.js';
import { deviceChecks } from './device-checks.js';
import { engineCheck } from './engine-check.js';

/** Looks at everything that a worker needs, from Node to the data file, and changes nothing. */
export function diagnose({ home, data, threads, nodeVersion, surroundings }:
{ home: string; data: DataSource | null; threads: number; nodeVersion: string; surroundings: Surroundings }): Promise<Finding[]> {
  return examine([
    ...deviceChecks({ home, nodeVersion }),
    ...coordinatorChecks({ home, surroundings }),
    engineCheck({ threads }),
    dataCheck(data),
  ]);
}
