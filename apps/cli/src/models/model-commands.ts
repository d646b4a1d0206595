import { requireSites } from '@seedfleet/onnx';
import { routes, type Model } from '@seedfleet/protocol';
import { type Command } from 'commander';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { bytesText, sheetOf, tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { addCheckCommand } from './check-command.js';
import { readingOf, type ModelReading } from './guess-model.js';
import { addInspectCommand } from './inspect-command.js';
import { modelFiles, type LocalFile } from './model-files.js';
import { addSourceOptions, locateModel, type SourceOptions } from './model-source.js';
import { addReadingOptions, type ReadingOptions } from './reading-options.js';
import { receivedOf, uploadFile } from './upload-file.js';

interface AddOptions extends SourceOptions, ReadingOptions { name?: string }

export function addModelCommands(program: Command, shell: Shell): void {
  const models = examples(program.command('models').description('base models that runs fine-tune'), 'seedfleet models list');

  examples(addReadingOptions(addSourceOptions(models.command('add <source>')
    .description('upload a base model from a file, a folder or hf:ORG/NAME[@REVISION]: the .onnx file, its external weights, its tokenizer.json; goes on where it stopped')
    .option('--name <name>', 'what to call it (default: the name of the repository, folder or file)')))
    .action(async (place: string, options: AddOptions) => {
      const found = await locateModel(place, options, shell);
      requireSites(found.model, { file: found.file });
      const reading = readingOf(found.model, { config: found.config, words: options });
      const files = await modelFiles(found);
      const name = options.name ?? found.name;
      for (const line of [`${found.origin}: ${found.file}`, `name ${name}`, ...reading.decided]) shell.remark(line);
      const client = await shell.client();
      const known = await sameModel(client, { name, reading, files }) ?? await announce(client, { name, reading, files });
      await sendFiles(shell, { client, model: known, files });
      const model = await client.json(routes.showModel, { params: { id: known.id } });
      shell.printer.value(model, modelSheet);
    }), 'seedfleet models add ./encoder --name encoder --output sentence_embedding', 'seedfleet models add hf:onnx-community/Qwen3-0.6B-ONNX --precision-file int8', 'seedfleet models add ./encoder/model.onnx --name encoder --ids input_ids --mask attention_mask');

  examples(models.command('list')
    .description('list the base models')
    .action(async () => {
      const found = await (await shell.client()).json(routes.listModels);
      shell.printer.value(found, ({ items }) => modelTable(items));
    }), 'seedfleet models list');

  examples(models.command('show <id>')
    .description('show one base model with its adapter sites')
    .action(async (id: string) => {
      const model = await (await shell.client()).json(routes.showModel, { params: { id } });
      shell.printer.value(model, modelSheet);
    }), 'seedfleet models show mdl_7Hs1');

  addInspectCommand(models, shell);
  addCheckCommand(models, shell);
}

/** The model of an upload that was broken off: same name, same files, read the same way. */
async function sameModel(client: CoordinatorClient, { name, reading, files }: { name: string; reading: ModelReading; files: LocalFile[] }): Promise<Model | undefined> {
  const { items } = await client.json(routes.listModels);
  const [wanted, read] = [fileSet(files), wordsOf(reading)];
  return items.find((model) => model.state === 'uploading' && model.name === name && fileSet(model.files) === wanted && wordsOf(model) === read);
}

const wordsOf = ({ output, pool, inputs: { ids, mask } }: Pick<Model, 'output' | 'pool' | 'inputs'>) => JSON.stringify([output, pool ?? null, ids, mask ?? null]);
const fileSet = (files: { path: string; sha256: string }[]) => files.map(({ path, sha256 }) => `${sha256} ${path}`).sort().join('\n');

function announce(client: CoordinatorClient, { name, reading: { output, pool, inputs }, files }: { name: string; reading: ModelReading; files: LocalFile[] }): Promise<Model> {
  return client.json(routes.createModel, { body: {
    name, output, inputs, ...(pool === undefined ? {} : { pool }),
    files: files.map(({ path, role, sha256, bytes }) => ({ path, role, sha256, bytes })),
  } });
}

async function sendFiles(shell: Shell, { client, model, files }: { client: CoordinatorClient; model: Model; files: LocalFile[] }): Promise<void> {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const progress = shell.surroundings.startProgress('uploading');
  let done = 0;
  try {
    for (const file of files) {
      const onProgress = (sent: number) => progress.show(`uploading ${file.path}: ${bytesText(done + sent)} of ${bytesText(total)} (${Math.floor(((done + sent) / total) * 100)} %)`);
      await uploadFile({ client, model: model.id, file, received: receivedOf(model.files, file.path), onProgress, sleep: shell.surroundings.sleep });
      done += file.bytes;
    }
  } finally {
    progress.end();
  }
}

function modelTable(models: Model[]): string {
  return tableOf({
    head: ['ID', 'NAME', 'STATE', 'SITES', 'WIDTH', 'BYTES'],
    rows: models.map((model) => [model.id, model.name, model.state, model.sites.length, model.outputWidth, bytesText(model.files.reduce((sum, file) => sum + file.bytes, 0))]),
    empty: 'No models. Add one with `seedfleet models add FOLDER --name NAME`.',
  });
}

function modelSheet(model: Model): string {
  return [
    sheetOf({ id: model.id, name: model.name, state: model.state, output: model.output, width: model.outputWidth, pool: model.pool, tasks: model.tasks.join(', '), inputs: [model.inputs.ids, model.inputs.mask].filter((input) => input !== undefined).join(', ') }),
    tableOf({ head: ['FILE', 'ROLE', 'BYTES', 'RECEIVED', 'SHA-256'], rows: model.files.map((file) => [file.path, file.role, file.bytes, file.received, file.sha256]), empty: 'No files.' }),
    tableOf({ head: ['SITE', 'IN', 'OUT'], rows: model.sites.map((site) => [site.name, site.inputs, site.outputs]), empty: 'No adapter sites known yet.' }),
  ].join('\n\n');
}
