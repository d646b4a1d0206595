import { verifyRun, type PublicRun, type VerifiedRun } from '@seedfleet/artifacts';
import { FleetError } from '@seedfleet/errors';
import { decodeCommit, toHex } from '@seedfleet/ledger';
import { routes, type Run } from '@seedfleet/protocol';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { type Shell } from '../terminal/shell.js';
import { fetchPublicRun } from './public-run.js';

/** A run whose public bytes prove what the coordinator says of it. */
export interface AuditedRun {
  run: Run;
  verified: VerifiedRun;
  /** with the parents of a branch */
  published: PublicRun;
}

export interface Audit {
  client: CoordinatorClient;
  id: number;
  /** hex, known from elsewhere; without it the key that stands in the manifest is believed */
  coordinatorKey?: string;
  onRound?(rounds: number): void;
}

/**
 * Fetches manifest and log, those of its parents too if it is a branch, checks signatures and chain, replays every commit, and compares what came out with what the coordinator says.
 * The run is asked for first: it may go on meanwhile, and the log then holds more commits than it spoke of.
 * @throws FleetError `manifest.*`, `log.*`, `branch.*`, `run.log-incomplete`, `run.claim-differs`
 */
export async function auditRun({ client, id, coordinatorKey, onRound }: Audit): Promise<AuditedRun> {
  const run = await client.json(routes.showRun, { params: { id } });
  const published = await fetchPublicRun(client, id);
  const { log } = published;
  const verified = verifyRun({ ...published, ...(coordinatorKey === undefined ? {} : { coordinatorKey }), ...(onRound === undefined ? {} : { onRound }) });
  if (verified.manifest.run !== id) {
    throw new FleetError('run.claim-differs', { field: 'manifest.run', problem: `The manifest of run ${id} is that of run ${verified.manifest.run}.` });
  }
  requireSame('manifestHash', { claimed: run.manifestHash, proven: verified.manifestHash });
  if (log.length < run.round) {
    throw new FleetError('run.log-incomplete', { field: 'log', problem: `The coordinator says that run ${id} has ${run.round} commits; its log ends after ${log.length}.` });
  }
  const last = log[run.round - 1];
  if (last) {
    const commit = decodeCommit(last);
    requireSame('headHash', { claimed: run.headHash, proven: toHex(commit.hash) });
    requireSame('stateHash', { claimed: run.stateHash, proven: toHex(commit.stateHash) });
  } else {
    requireSame('headHash', { claimed: run.headHash, proven: verified.manifestHash });
  }
  return { run, verified, published };
}

function requireSame(field: 'manifestHash' | 'headHash' | 'stateHash', { claimed, proven }: { claimed: string | null; proven: string }): void {
  if (claimed === proven) return;
  throw new FleetError('run.claim-differs', { field, problem: `The coordinator says ${field} ${claimed ?? 'null'}; the signed log gives ${proven}.` });
}

/** An audit with a line of progress: a replay of a long run takes a while. */
export async function auditWithProgress(shell: Shell, { id, coordinatorKey }: { id: number; coordinatorKey?: string | undefined }): Promise<AuditedRun> {
  const client = await shell.client();
  const progress = shell.surroundings.startProgress(`fetching run ${id}`);
  try {
    return await auditRun({ client, id, ...(coordinatorKey === undefined ? {} : { coordinatorKey }), onRound: (rounds) => progress.show(`replayed ${rounds} rounds of run ${id}`) });
  } finally {
    progress.end();
  }
}
