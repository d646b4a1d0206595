import { estimateMemory, inspectModel, withoutCache, type InspectedSite, type MemoryEstimate, type ModelInspection, type OnnxModel, type StepSize, type ValueDescription } from '@seedfleet/onnx';
import { InvalidArgumentError, type Command } from 'commander';
import { bytesText, sheetOf, tableOf } from '../terminal/printer.js';
import { examples, type Shell } from '../terminal/shell.js';
import { useOf, type OutputUse } from './guess-model.js';
import { type ModelConfig } from './model-config.js';
import { addSourceOptions, locateModel, type FoundModel, type SourceOptions } from './model-source.js';

interface InspectOptions extends SourceOptions { rows: number; batch: number; tokens: number; rank: number; value?: string }

/** What `models inspect -o json` prints: the inspection, and what a step of the asked size takes. */
interface Inspected extends Omit<ModelInspection, 'inputs' | 'outputs'> {
  file: string;
  inputs: string[];
  outputs: string[];
  signature: { inputs: ValueDescription[]; outputs: ValueDescription[] };
  /** What each output can serve for, and the flags that choose it. */
  choices: OutputChoice[];
  /** What stands out: a merged decoder, outputs of a cache. */
  notes: string[];
  rank: number;
  /** Values of B where every site has an adapter of this rank. */
  trainable: number;
  step: StepSize & { memory: MemoryEstimate };
}

interface OutputChoice { output: string; use: OutputUse; hint: string }

/** `seedfleet models inspect`: reads a file on this disk and sends nothing. */
export function addInspectCommand(models: Command, shell: Shell): void {
  examples(addSourceOptions(models.command('inspect <source>')
    .description('say what a model (file, folder, hf:ORG/NAME[@REVISION]) can train: sites, sizes, memory of a step, and what cannot be adapted and why; nothing is sent'))
    .option('--rows <P>', 'perturbed rows of a step', count, 8)
    .option('--batch <b>', 'examples of a step', count, 4)
    .option('--tokens <T>', 'tokens of an example', count, 64)
    .option('--rank <r>', 'rank of the adapters', count, 8)
    .option('--value <name>', 'value that the head reads: memory is then counted up to there (default: all outputs)')
    .action(async (place: string, { rows, batch, tokens, rank, value, ...source }: InspectOptions) => {
      const found = inspected(await locateModel(place, source, shell), { rank, step: { rows, batch, tokens, ...(value === undefined ? {} : { output: value }) } });
      shell.printer.value(found, inspectionText);
      if (found.sites.length === 0) shell.exitCode = 1;
    }), 'seedfleet models inspect ./encoder/model.onnx', 'seedfleet models inspect ./encoder --rows 16 --batch 8 --tokens 128 --rank 4 -o json', 'seedfleet models inspect hf:onnx-community/Qwen3-0.6B-ONNX --precision-file int8');
}

function inspected({ model, file, config }: FoundModel, { rank, step }: { rank: number; step: StepSize }): Inspected {
  const { inputs, outputs, ...inspection } = inspectModel(model);
  const namesOf = (values: ValueDescription[]) => values.map(({ name }) => name);
  return {
    file, inputs: namesOf(inputs), outputs: namesOf(outputs), signature: { inputs, outputs }, choices: outputs.map((output) => choiceOf(output, config)), notes: notesOf(model), ...inspection, rank,
    trainable: rank * inspection.sites.reduce((sum, site) => sum + site.trainablePerRank, 0), step: { ...step, memory: estimateMemory(model, step) },
  };
}

function choiceOf(output: ValueDescription, config: ModelConfig): OutputChoice {
  const use = useOf(output, config);
  const hint = {
    'sentence vector': `a classification head reads it: --output ${output.name}`,
    'vector a token': `a classification head reads it through a pool: --output ${output.name} --pool mean, first or last`,
    'logits a token': `causal language model or verbalizer: --output ${output.name}; no head`,
    'class logits': 'made by a head that is there already; a new head is better put on what that one reads',
    'unclear': 'not a float value of [batch, width] or [batch, tokens, width]',
  }[use];
  return { output: output.name, use, hint };
}

/** Inputs that training names or fills in. */
const fillable = /(^|_)ids$|^tokens?$|mask|^token_type|^position|^past|^use_cache/i;

/** What a person would otherwise wonder about. */
function notesOf(model: OnnxModel): string[] {
  const plain = withoutCache(model);
  const choicesOf = ({ graph }: OnnxModel) => graph.node.filter(({ opType }) => opType === 'If').length;
  const merged = choicesOf(model) > choicesOf(plain);
  const dropped = model.graph.output.length - plain.graph.output.length;
  const foreign = inspectModel(model).inputs.filter(({ name }) => !fillable.test(name)).map(({ name }) => name);
  return [
    ...(foreign.length > 0 ? [`no device can fill ${foreign.join(', ')}: export the model without, or put a constant in its place`] : []),
    ...(merged ? ['merged decoder: training takes its branch without cache'] : []),
    ...(dropped > 0 ? [`${dropped} ${dropped === 1 ? 'output of a cache is' : 'outputs of a cache are'} left out`] : []),
  ];
}

function inspectionText({ file, opset, choices, notes, signature, parameters, bytes, sites, notAdaptable, rank, trainable, step }: Inspected): string {
  const { rows, batch, tokens, memory } = step;
  return [
    sheetOf({
      file, opset, inputs: signature.inputs.map(valueText).join(', '), outputs: signature.outputs.map(valueText).join(', '), parameters: parameters.toLocaleString('en'), weights: bytesText(bytes),
      trainable: `${trainable.toLocaleString('en')} values at rank ${rank}, all sites`,
      memory: `about ${bytesText(memory.total)} for ${rows} rows of ${batch} examples of ${tokens} tokens (weights ${bytesText(memory.weights)}, values ${bytesText(memory.activations)})`,
    }),
    ...(notes.length === 0 ? [] : [notes.map((note) => `note: ${note}`).join('\n')]),
    tableOf({ head: ['OUTPUT', 'USE', 'HINT'], rows: choices.map(({ output, use, hint }) => [output, use, hint]), empty: 'No outputs.' }),
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
