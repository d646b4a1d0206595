import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { exportPeft } from '@seedfleet/artifacts';
import { FleetError } from '@seedfleet/errors';
import { encodeLog } from '@seedfleet/ledger';
import { isMissing } from '../terminal/is-missing.js';
import { type AuditedRun } from './audit-run.js';

/** One written file. */
export interface ExportedFile { path: string; bytes: number; sha256: string }

/** Where an exported adapter comes from; anyone can check it with the files beside it. */
export interface Provenance {
  run: number;
  name: string;
  coordinatorKey: string;
  manifestHash: string;
  rounds: number;
  headHash: string;
  stateHash: string;
}

/** @throws FleetError `export.folder-in-use`: an export never overwrites */
export async function requireEmptyFolder(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (isMissing(cause)) return;
    throw new FleetError('export.folder-in-use', { field: '--out', problem: `${folder} is not a folder that can be read.`, cause });
  }
  if (names.length > 0) throw new FleetError('export.folder-in-use', { field: '--out', problem: `The folder ${folder} is not empty.` });
}

/** Writes the adapter of an audited run as PEFT reads it, the head, and what proves where both come from. */
export async function exportRun({ run, verified, signedManifest, log }: AuditedRun, folder: string): Promise<{ provenance: Provenance; files: ExportedFile[] }> {
  const { manifest } = verified;
  const provenance: Provenance = {
    run: manifest.run, name: manifest.name, coordinatorKey: manifest.coordinatorKey, manifestHash: run.manifestHash,
    rounds: verified.rounds, headHash: verified.head, stateHash: verified.stateHash,
  };
  const contents: Record<string, Uint8Array | string> = {
    ...exportPeft({ manifest, state: verified.state }),
    'manifest.json': `${JSON.stringify(signedManifest, null, 2)}\n`,
    'commits.log': encodeLog(log),
  };
  const files = Object.entries(contents).map(([path, content]) => describe(path, content));
  contents['provenance.json'] = `${JSON.stringify({ ...provenance, files }, null, 2)}\n`;
  contents['README.md'] = readme(verified, provenance);
  await writeFolder(resolve(folder), contents);
  return { provenance, files: Object.entries(contents).map(([path, content]) => describe(path, content)) };
}

/** The folder appears whole or not at all: it is written beside its place, then renamed. */
async function writeFolder(folder: string, contents: Record<string, Uint8Array | string>): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const unfinished = await mkdtemp(`${folder}.`);
  try {
    for (const [path, content] of Object.entries(contents)) await writeFile(join(unfinished, path), content);
    await chmod(unfinished, 0o755);
    await requireEmptyFolder(folder);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

function describe(path: string, content: Uint8Array | string): ExportedFile {
  return { path, bytes: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex') };
}

function readme({ manifest }: AuditedRun['verified'], provenance: Provenance): string {
  const { adapter, estimator, model, stepRule, task } = manifest;
  return `# ${manifest.name}

A LoRA adapter and a classification head, fine-tuned by Seedfleet on devices whose data never left them.

| | |
| --- | --- |
| base model | ${model.name}, output \`${model.output}\` |
| labels | ${task.labels.join(', ')} |
| adapter | rank ${adapter.rank}, alpha ${adapter.alpha}, ${adapter.sites.filter((site) => site.kind === 'lora').length} sites |
| estimator | ${estimator.type}, ${estimator.queries} queries, eps ${estimator.eps}, ${estimator.distribution} |
| step rule | ${stepRule.type}, learning rate ${stepRule.learningRate}, ${stepRule.schedule} |
| rounds | ${provenance.rounds} |
| manifest | ${provenance.manifestHash} |
| last commit | ${provenance.headHash} |
| state | ${provenance.stateHash} |
| signed by | ${provenance.coordinatorKey} |

- \`adapter_model.safetensors\`, \`adapter_config.json\`: the adapter as Hugging Face PEFT loads it (\`PeftModel.from_pretrained\`).
- \`head.safetensors\`: the head, \`logits = head.weight · x + head.bias\` on the output named above.
- \`manifest.json\` and \`commits.log\`: the signed manifest and every signed commit. Replaying them gives this adapter bit for bit;
  before this folder was written, signatures, chain and replay were checked.
- \`provenance.json\`: the lines above and the SHA-256 of the files, for programs.
`;
}
