import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { machineThreads, thisMachine, type Machine } from './machine-threads.js';

/** What the linears of a model are computed in. */
export type Precision = NonNullable<Manifest['model']['precision']>;

/** How this device computes its part of a run. The owner's choice: nobody else can tell, and no commit depends on it. */
export interface ComputeOptions {
  /** Threads of one forward pass. */
  threads: number;
  /** `run`: what the manifest of a run says. */
  precision: Precision | 'run';
  /** Bound on the activations kept on disk, of each run; 0 keeps none. */
  cacheMegabytes: number;
  /** Bound on the memory of one step, weights included; null is none. */
  memoryMegabytes: number | null;
}

/** What a run gets: the owner's choices, and the manifest's where the owner made none. */
export interface RunCompute extends ComputeOptions {
  precision: Precision;
}

export const computeDefaults: ComputeOptions = { threads: 1, precision: 'run', cacheMegabytes: 256, memoryMegabytes: null };

/** The command line's words for them; `auto` threads are chosen from the machine. @throws FleetError `options.invalid` */
export function computeOptionsOf(options: { threads: string; precision: string; cacheMegabytes: string; memoryMegabytes?: string | undefined }, machine: Machine = thisMachine()): ComputeOptions {
  const { precision } = options;
  if (precision !== 'run' && precision !== 'fp32' && precision !== 'w8a8') throw new FleetError('options.invalid', { field: '--precision', problem: 'The precision is none of run, fp32 and w8a8.' });
  return {
    threads: options.threads === 'auto' ? machineThreads(machine) : wholeNumber(options.threads, { field: '--threads', min: 1 }), precision,
    cacheMegabytes: wholeNumber(options.cacheMegabytes, { field: '--cache-megabytes', min: 0 }),
    memoryMegabytes: options.memoryMegabytes === undefined ? null : wholeNumber(options.memoryMegabytes, { field: '--memory-megabytes', min: 1 }),
  };
}

/** What a run gets here. The policy's bound on memory and the option's both hold. */
export function computeOf({ options, manifest, policy }: { options: ComputeOptions; manifest: Manifest; policy: { memoryMegabytes: number | null } }): RunCompute {
  return {
    ...options, memoryMegabytes: memoryMegabytesOf({ options, policy }),
    precision: options.precision === 'run' ? manifest.model.precision ?? 'fp32' : options.precision,
  };
}

/** The smaller of the two bounds, null without any. */
export function memoryMegabytesOf({ options, policy }: { options: ComputeOptions; policy: { memoryMegabytes: number | null } }): number | null {
  const bounds = [options.memoryMegabytes, policy.memoryMegabytes].filter((bound) => bound !== null);
  return bounds.length === 0 ? null : Math.min(...bounds);
}

function wholeNumber(text: string, { field, min }: { field: string; min: number }): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < min) throw new FleetError('options.invalid', { field, problem: `${field} is not a whole number from ${min} on.` });
  return value;
}
