import { fork } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { sha256OfFile } from '../download/download-file.js';
import { toFleetError } from '../session/wire-refusal.js';
import { readFileIfThere, writeFileAtomically } from '../vault/atomic-file.js';
import { type RewriteAnswer, type RewriteRequest } from './rewrite-request.js';
import { writtenGraphSchema, type WrittenGraph } from './written-graph.js';

// The number changes when a newer worker writes another graph: an old file is then not taken for a new one.
const graphName = 'training-2';
/** Files of any worker's training graphs: of one run only one is kept. */
const graphFiles = /^training-\d+(-(fp32|w8a8)(-prefix|-suffix)?)?\.(onnx|onnx\.data|onnx\.sha256|json)$/;

/**
 * The training graph of a run beside its base model, made now if it is not there, is not what was written, or computes in another precision.
 * @returns what was written, and the peak memory of making it (0 if it was there)
 * @throws FleetError `model.*`, `preparation.failed`
 */
export async function trainingGraph(request: Omit<RewriteRequest, 'name'>): Promise<{ written: WrittenGraph; peakMegabytes: number }> {
  const folder = dirname(request.modelPath);
  const name = `${graphName}-${request.precision}`;
  const record = join(folder, `${name}.json`);
  const known = await writtenBefore(record, { folder });
  if (known !== null) return { written: known, peakMegabytes: 0 };
  for (const old of readdirSync(folder).filter((file) => graphFiles.test(file))) rmSync(join(folder, old), { force: true });
  const { written, peakMegabytes } = await rewriteApart({ ...request, name });
  writeFileAtomically(record, JSON.stringify(written));
  return { written, peakMegabytes };
}

/** What a record says, if every file that it names is there as it was written. */
async function writtenBefore(record: string, { folder }: { folder: string }): Promise<WrittenGraph | null> {
  const bytes = readFileIfThere(record);
  if (bytes === null) return null;
  const written = writtenGraphSchema.safeParse(jsonOf(bytes));
  if (!written.success) return null;
  const graphs = [written.data.graph, ...written.data.prefix === null ? [] : [written.data.prefix]];
  for (const { name, sha256 } of graphs.flatMap((graph) => [graph, ...graph.weights === undefined ? [] : [graph.weights]])) {
    if (!existsSync(join(folder, name)) || await sha256OfFile(join(folder, name)) !== sha256) return null;
  }
  return written.data;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
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
