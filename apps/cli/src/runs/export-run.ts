import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { modelCard, provenanceOf, type CardFormat, type Provenance, type PublicRun, type ReportedEvaluation, type VerifiedRun } from '@seedfleet/artifacts';
import { FleetError } from '@seedfleet/errors';
import { encodeLog, verifyManifest } from '@seedfleet/ledger';
import { isMissing } from '../terminal/is-missing.js';
import { sha256OfFile } from './run-files.js';

/** One written file. */
export interface ExportedFile { path: string; bytes: number; sha256: string }

/** Files by name: what they hold, or what writes them where they are too large to hold. */
export type ExportContents = Record<string, Uint8Array | string | ((target: string) => Promise<void>)>;

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

export interface Export {
  verified: VerifiedRun;
  /** With the commits that lead to the exported state, and no others; of a branch, its parents too. */
  published: PublicRun;
  contents: ExportContents;
  format: CardFormat;
  evaluation: ReportedEvaluation | null;
}

/**
 * Writes what a run trained, the card, and what proves where it comes from. The folder appears whole or not at all: it is written beside its place, then renamed.
 * @throws FleetError `export.folder-in-use`
 */
export async function exportRun({ verified, published, contents, format, evaluation }: Export, out: string): Promise<{ provenance: Provenance; files: ExportedFile[] }> {
  const folder = resolve(out);
  const provenance = provenanceOf(verified);
  await mkdir(dirname(folder), { recursive: true });
  const unfinished = await mkdtemp(`${folder}.`);
  const write = async (all: ExportContents): Promise<ExportedFile[]> => {
    const written: ExportedFile[] = [];
    for (const [path, content] of Object.entries(all)) {
      const target = join(unfinished, path);
      await (typeof content === 'function' ? content(target) : writeFile(target, content));
      written.push({ path, bytes: (await stat(target)).size, sha256: await sha256OfFile(target) });
    }
    return written;
  };
  try {
    const proven = await write({ ...contents, ...proofOf(published) });
    const files = [...proven, ...await write({ 'provenance.json': `${JSON.stringify({ ...provenance, files: proven }, null, 2)}\n`, 'README.md': modelCard({ verified, format, evaluation }) })];
    await chmod(unfinished, 0o755);
    await requireEmptyFolder(folder);
    await rename(unfinished, folder);
    return { provenance, files };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Signed manifest and log of a run, and under names of their own those of each parent. */
function proofOf({ signedManifest, log, parent }: PublicRun, prefix = ''): ExportContents {
  const own: ExportContents = { [`${prefix}manifest.json`]: `${JSON.stringify(signedManifest, null, 2)}\n`, [`${prefix}commits.log`]: encodeLog([...log]) };
  return parent === undefined ? own : { ...own, ...proofOf(parent, `parent-${verifyManifest(parent.signedManifest).manifest.run}.`) };
}
