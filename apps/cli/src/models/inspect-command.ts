import { estimateMemory, inspectModel, type InspectedSite, type MemoryEstimate, type ModelInspection, type OnnxModel, type StepSize, type ValueDescription } from '@seedfleet/onnx';
import { InvalidArgumentError, type Command } from 'commander';
import { bytesText, sheetOf, tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { findModelFile, readModelFile } from './model-files.js';

interface InspectOptions { rows: number; batch: number; tokens: number; rank: number; value?: string }

/** What `models inspect -o json` prints: the inspection, and what a step of the asked size takes. */
interface Inspected extends Omit<ModelInspection, 'inputs' | 'outputs'> {
  file: string;
  inputs: string[];
  outputs: string[];
  signature: { inputs: ValueDescription[]; outputs: ValueDescription[] };
  rank: number;
  /** Values of B where every site has an adapter of this rank. */
  trainable: number;
  step: StepSize & { memory: MemoryEstimate };
}

/** `seedfleet models inspect`: reads a file on this disk and sends nothing. */
export function addInspectCommand(models: Command, shell: Shell): void {
  examples(models.command('inspect <file>')
    .description('say what an .onnx file on this disk can train: sites, sizes, memory of a step, and what cannot be adapted and why; nothing is sent')
    .option('--rows <P>', 'perturbed rows of a step', count, 8)
    .option('--batch <b>', 'examples of a step', count, 4)
    .option('--tokens <T>', 'tokens of an example', count, 64)
    .option('--rank <r>', 'rank of the adapters', count, 8)
    .option('--value <name>', 'value that the head reads: memory is then counted up to there (default: all outputs)')
    .action(async (place: string, { rows, batch, tokens, rank, value }: InspectOptions) => {
      const file = await findModelFile(place);
      const found = inspected(await readModelFile(file), { file, rank, step: { rows, batch, tokens, ...(value === undefined ? {} : { output: value }) } });
      shell.printer.value(found, inspectionText);
      if (found.sites.length === 0) shell.exitCode = 1;
    }), 'seedfleet models inspect ./encoder/model.onnx', 'seedfleet models inspect ./encoder --rows 16 --batch 8 --tokens 128 --rank 4 -o json');
}

function inspected(model: OnnxModel, { file, rank, step }: { file: string; rank: number; step: StepSize }): Inspected {
  const { inputs, outputs, ...inspection } = inspectModel(model);
  const namesOf = (values: ValueDescription[]) => values.map(({ name }) => name);
  return {
    file, inputs: namesOf(inputs), outputs: namesOf(outputs), signature: { inputs, outputs }, ...inspection, rank,
    trainable: rank * inspection.sites.reduce((sum, site) => sum + site.trainablePerRank, 0), step: { ...step, memory: estimateMemory(model, step) },
  };
}

function inspectionText({ file, opset, signature, parameters, bytes, sites, notAdaptable, rank, trainable, step }: Inspected): string {
  const { rows, batch, tokens, memory } = step;
  return [
    sheetOf({
      file, opset, inputs: signature.inputs.map(valueText).join(', '), outputs: signature.outputs.map(valueText).join(', '), parameters: parameters.toLocaleString('en'), weights: bytesText(bytes),
      trainable: `${trainable.toLocaleString('en')} values at rank ${rank}, all sites`,
      memory: `about ${bytesText(memory.total)} for ${rows} rows of ${batch} examples of ${tokens} tokens (weights ${bytesText(memory.weights)}, values ${bytesText(memory.activations)})`,
    }),
    tableOf({ head: ['SITE', 'IN', 'OUT', 'PRECISION', 'PARAMETERS', 'BYTES', 'PER RANK'], rows: sites.flatMap(siteRows), empty: 'No adapter sites.' }),
    ...(notAdaptable.length === 0 ? [] : [tableOf({ head: ['NOT ADAPTABLE', 'REASON'], rows: notAdaptable.map(({ node, reason }) => [node, reason]), empty: '' })]),
  ].join('\n\n');
}

function siteRows({ name, inputs, outputs, precision, parameters, bytes, trainablePerRank, slices = [] }: InspectedSite) {
  return [[name, inputs, outputs, precision, parameters, bytesText(bytes), trainablePerRank], ...slices.map((slice) => [slice.name, inputs, slice.outputs, precision, inputs * slice.outputs, '', slice.outputs])];
}

const valueText = ({ name, type, shape }: ValueDescription) => `${name} ${type}[${shape.join(', ')}]`;

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return value;
}
