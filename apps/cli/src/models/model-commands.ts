import { FleetError } from '@seedfleet/errors';
import { requireSites, withoutCache, type OnnxModel } from '@seedfleet/onnx';
import { routes, type Model } from '@seedfleet/protocol';
import { type Command } from 'commander';
import { type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { bytesText, sheetOf, tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { addInspectCommand } from './inspect-command.js';
import { findModelFile, modelFiles, readModelFile, type LocalFile } from './model-files.js';
import { receivedOf, uploadFile } from './upload-file.js';

interface AddOptions { name: string; output?: string; ids: string; mask: string; tokenizer?: string }

export function addModelCommands(program: Command, shell: Shell): void {
  const models = examples(program.command('models').description('base models that runs fine-tune'), 'seedfleet models list');

  examples(models.command('add <folder-or-file>')
    .description('upload a base model: the .onnx file, its external weights, its tokenizer.json; goes on where an upload stopped')
    .requiredOption('--name <name>', 'what to call it')
    .option('--output <value>', 'graph output that the head reads, [batch, d] (default: the only output)')
    .option('--ids <input>', 'graph input of the token ids', 'input_ids')
    .option('--mask <input>', 'graph input of the attention mask', 'attention_mask')
    .option('--tokenizer <file>', 'tokenizer file (default: tokenizer.json beside the model)')
    .action(async (place: string, options: AddOptions) => {
      const file = await findModelFile(place);
      const graph = await readModelFile(file);
      requireSites(graph, { file });
      const files = await modelFiles({ file, model: graph, ...(options.tokenizer === undefined ? {} : { tokenizer: options.tokenizer }) });
      const client = await shell.client();
      const known = await sameModel(client, { name: options.name, files }) ?? await announce(client, { options, output: options.output ?? onlyOutput(withoutCache(graph)), files });
      await sendFiles(shell, { client, model: known, files });
      const model = await client.json(routes.showModel, { params: { id: known.id } });
      shell.printer.value(model, modelSheet);
    }), 'seedfleet models add ./encoder --name encoder --output sentence_embedding', 'seedfleet models add ./encoder/model.onnx --name encoder --ids input_ids --mask attention_mask');

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
}

const namesOf = (values: { name: string }[]) => values.map((value) => value.name);

function onlyOutput(model: OnnxModel): string {
  const names = namesOf(model.graph.output);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new FleetError('command.invalid', { field: '--output', problem: `The model has ${names.length} outputs: ${names.join(', ')}.`, fix: 'Name the one that the head reads with --output.' });
}

/** The model of an upload that was broken off: same name, same files. */
async function sameModel(client: CoordinatorClient, { name, files }: { name: string; files: LocalFile[] }): Promise<Model | undefined> {
  const { items } = await client.json(routes.listModels);
  const wanted = fileSet(files);
  return items.find((model) => model.state === 'uploading' && model.name === name && fileSet(model.files) === wanted);
}

const fileSet = (files: { path: string; sha256: string }[]) => files.map(({ path, sha256 }) => `${sha256} ${path}`).sort().join('\n');

function announce(client: CoordinatorClient, { options, output, files }: { options: AddOptions; output: string; files: LocalFile[] }): Promise<Model> {
  return client.json(routes.createModel, { body: {
    name: options.name, output, inputs: { ids: options.ids, mask: options.mask },
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
    sheetOf({ id: model.id, name: model.name, state: model.state, output: model.output, width: model.outputWidth, inputs: `${model.inputs.ids}, ${model.inputs.mask}` }),
    tableOf({ head: ['FILE', 'ROLE', 'BYTES', 'RECEIVED', 'SHA-256'], rows: model.files.map((file) => [file.path, file.role, file.bytes, file.received, file.sha256]), empty: 'No files.' }),
    tableOf({ head: ['SITE', 'IN', 'OUT'], rows: model.sites.map((site) => [site.name, site.inputs, site.outputs]), empty: 'No adapter sites known yet.' }),
  ].join('\n\n');
}
