import { aFinishedRun, type FinishedRun } from '@seedfleet/artifacts/testing';
import { encodeLog, generateKeyPair, type Manifest } from '@seedfleet/ledger';
import { type Model, type Run } from '@seedfleet/protocol';
import { serveCoordinator, type Handler, type ServedCoordinator } from './served-coordinator.js';

/** A row of the list of runs. */
export function aRun(changes: Partial<Run> = {}): Run {
  return {
    id: 1, name: 'reviews', state: 'completed', cause: null, round: 0, roundsMax: 20, model: 'mdl_1', createdAt: '2026-11-25T10:00:00.000Z', startedAt: '2026-11-25T10:00:01.000Z',
    endedAt: '2026-11-25T10:05:00.000Z', manifestHash: '0'.repeat(64), headHash: '0'.repeat(64), stateHash: null, devices: 3,
    lastEvaluation: { round: 20, loss: 0.4312, accuracy: 0.85, macroF1: null, perplexity: null, count: 600 }, branch: null, group: null, startAt: null, after: null, whenFree: false, canary: null, budget: null, ...changes,
  };
}

/** What the coordinator says and serves; a spec spoils one of them. */
export interface Served { run: Run; signedManifest: unknown; log: Uint8Array[] }

/** A model that is ready. */
export const aModel = (changes: Partial<Model> = {}): Model => ({
  id: 'mdl_1', name: 'encoder', state: 'ready', output: 'pooled', inputs: { ids: 'input_ids', mask: 'attention_mask' }, files: [], sites: [], tasks: ['classification'], outputWidth: 512, createdAt: '2026-11-25T10:00:00.000Z', ...changes,
});

export const coordinatorKeys = generateKeyPair();

/** A coordinator with one finished run of twelve rounds. @param spoil changes what it serves @param manifest changes what the run is */
export async function serveRun(spoil: (served: Served, finished: FinishedRun) => void = () => undefined, handlers: Record<string, Handler> = {}, manifest: Partial<Manifest> = {}): Promise<ServedCoordinator> {
  const finished = aFinishedRun({ rounds: 12, coordinatorPrivateKey: coordinatorKeys.privateKey, ...manifest });
  const { signedManifest, log, headHash, stateHash } = finished;
  const served: Served = { signedManifest: structuredClone(signedManifest), log: log.map((commit) => commit.slice()), run: aRun({ round: 12, manifestHash: signedManifest.hash, headHash, stateHash }) };
  spoil(served, finished);
  return serveCoordinator({
    showRun: () => served.run,
    showManifest: () => served.signedManifest,
    // Five commits an answer: the audit must ask until the log ends.
    downloadLog: ({ query }) => Buffer.from(encodeLog(served.log.slice(Number(query['from']), Number(query['from']) + 5))),
    listEvaluations: () => ({ items: [] }),
    ...handlers,
  });
}
