import { type VerifiedRun } from '../audit/verify-run.js';

/** Where exported values come from; anyone can check it with the manifest and the log beside them. */
export interface Provenance {
  run: number;
  name: string;
  coordinatorKey: string;
  manifestHash: string;
  /** commits that the values hold */
  rounds: number;
  headHash: string;
  stateHash: string;
}

export function provenanceOf({ manifest, manifestHash, rounds, head, stateHash }: VerifiedRun): Provenance {
  const { run, name, coordinatorKey } = manifest;
  return { run, name, coordinatorKey, manifestHash, rounds, headHash: head, stateHash };
}
