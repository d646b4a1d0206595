import { posix } from 'node:path';
import { FleetError } from '@seedfleet/errors';

/** What the person said about which of several files is meant. */
export interface FileChoice {
  /** path of the .onnx file in the folder or repository */
  file?: string;
  /** the word behind the last underscore of its name: quantized, int8, q4, fp16, ... */
  precisionFile?: string;
}

/** What exporters call the file that reads a whole text, best first: one graph, a decoder with both branches, a decoder without cache. */
const stems = ['model', 'decoder_model_merged', 'decoder_model'];
/** Where they put it, best first: Optimum and transformers.js into a folder of its own. */
const folders = ['onnx', '.'];

/**
 * The .onnx file that a folder or repository means, as a path in it: the one that was named, the only one, or the one that an exporter of the usual
 * names meant.
 * @param files all paths, with `/` between folders
 * @throws FleetError `model.file-missing`, `model.folder-unclear`
 */
export function pickModelFile(files: readonly string[], { place, file, precisionFile }: FileChoice & { place: string }): string {
  const candidates = files.filter((path) => path.endsWith('.onnx')).sort();
  if (file !== undefined) {
    const named = posix.normalize(file);
    if (candidates.includes(named)) return named;
    throw new FleetError('model.file-missing', { field: '--file', problem: `${place} holds no file ${file}. ${listed(candidates)}` });
  }
  const suffix = precisionFile === undefined ? '' : `_${precisionFile}`;
  const wanted = candidates.filter((path) => stemOf(path).endsWith(suffix));
  if (wanted.length === 0 && precisionFile !== undefined) throw new FleetError('model.file-missing', { field: '--precision-file', problem: `${place} holds no .onnx file whose name ends in ${suffix}. ${listed(candidates)}`, fix: 'Use another word, or name the file with --file.' });
  const [only] = wanted;
  if (only !== undefined && wanted.length === 1) return only;
  // An encoder beside a decoder is a model of two halves: which of them is meant only a person knows.
  const halves = wanted.some((path) => stemOf(path) === `encoder_model${suffix}`);
  const usual = halves ? [] : folders.flatMap((folder) => stems.map((stem) => posix.join(folder, `${stem}${suffix}.onnx`)));
  const best = usual.find((path) => wanted.includes(path));
  if (best !== undefined) return best;
  throw new FleetError('model.folder-unclear', { field: place, problem: wanted.length === 0 ? `${place} holds no .onnx file.` : `${place} holds ${wanted.length} .onnx files of equal claim. ${listed(wanted)}` });
}

/** The file of that name nearest to another: in its folder, or in one around it. */
export function nearest(files: readonly string[], { name, to }: { name: string; to: string }): string | undefined {
  for (let folder = posix.dirname(to); ; folder = posix.dirname(folder)) {
    const path = posix.join(folder, name);
    if (files.includes(path)) return path;
    if (folder === '.') return undefined;
  }
}

const stemOf = (path: string) => posix.basename(path, '.onnx');
const listedMax = 12;
const listed = (paths: readonly string[]) => (paths.length === 0 ? 'There is none.' : `There are: ${paths.slice(0, listedMax).join(', ')}${paths.length > listedMax ? `, and ${paths.length - listedMax} more` : ''}.`);
