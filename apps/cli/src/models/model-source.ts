import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, posix, resolve } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { externalLocations, type OnnxModel } from '@seedfleet/onnx';
import { InvalidArgumentError, type Command } from 'commander';
import { DownloadCache } from '../hub/download-cache.js';
import { HubClient, type HubRevision } from '../hub/hub-client.js';
import { addHubOptions, hubAddressOf, hubCacheFolder, type HubOptions } from '../hub/hub-options.js';
import { isHubSource, parseHubSource } from '../hub/hub-source.js';
import { bytesText } from '../terminal/printer.js';
import { type Shell } from '../terminal/shell.js';
import { readModelConfig, type ModelConfig } from './model-config.js';
import { isFolder, readModelFile } from './model-files.js';
import { nearest, pickModelFile, type FileChoice } from './pick-model-file.js';

export interface SourceOptions extends HubOptions, FileChoice { tokenizer?: string }

/** A model on this disk, with what stands beside it. */
export interface FoundModel {
  /** what the person typed; for a hub with the commit that it was */
  origin: string;
  /** what it may be called where nobody says */
  name: string;
  file: string;
  model: OnnxModel;
  tokenizer?: string;
  config: ModelConfig;
}

/** Adds the flags that say which file of a source is meant. */
export function addSourceOptions(command: Command): Command {
  return addHubOptions(command)
    .option('--file <path>', 'which .onnx file of the folder or repository')
    .option('--precision-file <word>', 'take the file whose name ends in this: quantized, int8, q4, fp16, ...', precisionWord)
    .option('--tokenizer <file>', 'tokenizer file (default: tokenizer.json beside the model, or in a folder around it)');
}

/** Finds a model by file, folder or `hf:ORG/NAME@REVISION`; fetches from the hub what is not in the cache. @throws FleetError `hub.*`, `model.*`, `file.unreadable` */
export async function locateModel(place: string, options: SourceOptions, shell: Shell): Promise<FoundModel> {
  const found = isHubSource(place) ? await fromHub(place, options, shell) : await fromDisk(place, options);
  return options.tokenizer === undefined ? found : { ...found, tokenizer: options.tokenizer };
}

async function fromDisk(place: string, choice: FileChoice): Promise<FoundModel> {
  const isWhole = !await isFolder(place);
  const root = isWhole ? dirname(place) : place;
  const file = isWhole ? place : join(root, pickModelFile(await filesOf(root), { place: `The folder ${place}`, ...choice }));
  // Beside a file that was named, only its own folder and the one around it: what is further up belongs to something else.
  const around = (name: string) => [join(dirname(file), name), ...(resolve(dirname(file)) === resolve(root) && !isWhole ? [] : [join(dirname(file), '..', name)])].find((path) => existsSync(path));
  const name = nameOf(isWhole ? posix.basename(file, '.onnx') : resolve(root).split('/').at(-1) ?? '');
  return { origin: place, name, file, model: await readModelFile(file), ...beside(around), config: await readModelConfig(around) };
}

async function fromHub(place: string, choice: SourceOptions, shell: Shell): Promise<FoundModel> {
  const source = parseHubSource(place);
  const { surroundings } = shell;
  const client = new HubClient(await hubAddressOf(choice, surroundings), surroundings.sleep);
  const revision = await client.revision(source);
  const picked = pickModelFile(revision.files, { place: `${source.repository} at ${revision.commit.slice(0, 12)}`, ...choice });
  const fetchFile = fileFetcher(shell, { client, revision });
  const small = ['config.json', 'tokenizer_config.json', 'tokenizer.json'].map((name) => [name, nearest(revision.files, { name, to: picked })] as const);
  const paths = new Map<string, string>();
  for (const [name, path] of small) if (path !== undefined && !(name === 'tokenizer.json' && choice.tokenizer !== undefined)) paths.set(name, await fetchFile(path));
  const file = await fetchFile(picked);
  // Which files hold its weights only the graph knows.
  const model = await readModelFile(file, { external: 'later' });
  for (const location of externalLocations(model)) await fetchFile(requireListed(posix.join(posix.dirname(picked), location), { revision, picked }));
  const around = (name: string) => paths.get(name);
  return { origin: `hf:${source.repository}@${revision.commit}`, name: nameOf(source.repository.split('/')[1] ?? ''), file, model, ...beside(around), config: await readModelConfig(around) };
}

/** A graph may name any path: only a file of the same revision is fetched for it. */
function requireListed(path: string, { revision, picked }: { revision: HubRevision; picked: string }): string {
  if (revision.files.includes(path)) return path;
  throw new FleetError('model.external-missing', { field: picked, problem: `${picked} keeps weights in "${path}", and ${revision.repository} has no such file.`, fix: 'Use another file of the repository: name it with --file.' });
}

function fileFetcher(shell: Shell, { client, revision }: { client: HubClient; revision: HubRevision }): (path: string) => Promise<string> {
  const cache = new DownloadCache(hubCacheFolder(shell.surroundings));
  return async (path) => {
    const progress = shell.surroundings.startProgress(`fetching ${path}`);
    try {
      return await cache.fetch({ client, revision, path, sleep: shell.surroundings.sleep, onProgress: (received, { bytes }) => progress.show(`fetching ${path}: ${bytesText(received)} of ${bytesText(bytes)}`) });
    } finally {
      progress.end();
    }
  };
}

function beside(around: (name: string) => string | undefined): Pick<FoundModel, 'tokenizer'> {
  const tokenizer = around('tokenizer.json');
  return tokenizer === undefined ? {} : { tokenizer };
}

/** Files of a folder and of the folders in it, with `/` between. */
async function filesOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const inner = await Promise.all(entries.filter((entry) => entry.isDirectory()).map(async (entry) => (await readdir(join(root, entry.name))).map((name) => `${entry.name}/${name}`)));
  return [...entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name), ...inner.flat()];
}

const nameOf = (text: string) => (text === '' ? 'model' : text);

function precisionWord(text: string): string {
  if (!/^\w{1,40}$/.test(text)) throw new InvalidArgumentError('Give one word, as it stands at the end of the file name: quantized, int8, q4, fp16.');
  return text;
}
