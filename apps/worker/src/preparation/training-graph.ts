import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { type Manifest } from '@seedfleet/ledger';
import { sha256OfFile } from '../download/download-file.js';
import { toFleetError } from '../session/wire-refusal.js';
import { readFileIfThere, writeFileAtomically } from '../vault/atomic-file.js';
import { type RewriteAnswer, type RewriteRequest } from './rewrite-request.js';

// The number changes when a newer worker writes another graph: an old file is then not taken for a new one.
const graphName = 'training-1.onnx';

/**
 * The training graph of a run beside its base model, made now if it is not there or is not what was written.
 * @param modelPath the base model
 * @returns its path, and the peak memory of making it (0 if it was there)
 * @throws FleetError `model.*`, `preparation.failed`
 */
export async function trainingGraph({ manifest, modelPath, folder }: { manifest: Manifest; modelPath: string; folder: string }): Promise<{ path: string; peakMegabytes: number }> {
  const path = join(folder, graphName);
  const hashPath = `${path}.sha256`;
  const written = readFileIfThere(hashPath);
  if (written !== null && existsSync(path) && await sha256OfFile(path) === new TextDecoder().decode(written)) return { path, peakMegabytes: 0 };
  const answer = await rewriteApart({ manifest, modelPath, target: path });
  writeFileAtomically(hashPath, answer.sha256);
  return { path, peakMegabytes: answer.peakMegabytes };
}

function rewriteApart(request: RewriteRequest): Promise<RewriteAnswer & { ok: true }> {
  // From the build also under jest: a child process knows nothing of its transforms.
  const entry = new URL('../../dist/preparation/rewrite-process.js', import.meta.url);
  return new Promise((resolve, reject) => {
    const child = fork(entry, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.once('message', (answer: RewriteAnswer) => {
      if (answer.ok) resolve(answer);
      else reject(toFleetError(answer.error));
    });
    child.once('error', (cause) => reject(new FleetError('preparation.failed', { problem: 'The process that rewrites the model could not be started.', cause })));
    child.once('exit', (code, signal) => reject(new FleetError('preparation.failed', { problem: `The process that rewrites the model ended early (${signal ?? code}).` })));
    child.send(request);
  });
}
