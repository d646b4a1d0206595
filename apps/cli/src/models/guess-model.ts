import { FleetError } from '@seedfleet/errors';
import { inspectModel, type ModelInspection, type OnnxModel, type Pool, type ValueDescription } from '@seedfleet/onnx';
import { type ModelConfig } from './model-config.js';

/** What the person said; wins over every guess. */
export interface ModelWords { output?: string; pool?: Pool | 'none'; ids?: string; mask?: string }

/** How a model is read: which value, made to one vector an example how, and what its inputs are called. */
export interface ModelReading {
  output: string;
  /** only where the output is one vector a token and a head shall read it */
  pool?: Pool;
  inputs: { ids: string; mask?: string };
  /** Each decision with its reason, for people. */
  decided: string[];
}

/** What an output can serve for. */
export type OutputUse = 'sentence vector' | 'vector a token' | 'logits a token' | 'class logits' | 'unclear';

const causal = /CausalLM|LMHead/;
const floats = new Set(['float', 'float16', 'bfloat16', 'double']);
const ofVocabulary = 1_000;

/** What an output is by its shape and name. */
export function useOf({ name, type, shape }: ValueDescription, { vocabulary }: Pick<ModelConfig, 'vocabulary'> = {}): OutputUse {
  const width = shape.at(-1);
  if (!floats.has(type)) return 'unclear';
  const wide = typeof width === 'number' && (vocabulary === undefined ? width >= ofVocabulary && /logits/i.test(name) : Math.abs(width - vocabulary) < ofVocabulary && width >= vocabulary);
  if (shape.length === 3) return wide || /^logits$/i.test(name) ? 'logits a token' : 'vector a token';
  if (shape.length === 2) return /logits|scores/i.test(name) ? 'class logits' : 'sentence vector';
  return 'unclear';
}

const ranks: OutputUse[] = ['sentence vector', 'vector a token', 'logits a token', 'class logits', 'unclear'];
const namesOfVectors = /^(sentence_embedding|pooler_output|pooled_output|text_embeds|embeddings?)$/i;

/**
 * Output, pool and inputs of a model, from its graph and the files beside it. A causal language model is read by its logits, any other by its sentence
 * vector, or by the mean over its tokens.
 * @throws FleetError `model.output-unclear`, `model.input-unknown`
 */
export function readingOf(model: OnnxModel, { config, words }: { config: ModelConfig; words: ModelWords }): ModelReading {
  const inspection = inspectModel(model);
  const decided: string[] = [];
  const inputs = inputsOf(inspection, { words, decided });
  const output = words.output ?? outputOf(inspection, { config, decided });
  const declared = inspection.outputs.find(({ name }) => name === output);
  const pool = words.pool ?? (declared ? poolOf(declared, { config, decided }) : undefined);
  if (config.padding === 'left') decided.push('the tokenizer pads on the left: a device pads as the tokenizer.json says, and positions are counted by the mask');
  return { output, inputs, decided, ...(pool === undefined || pool === 'none' ? {} : { pool }) };
}

function outputOf({ outputs }: ModelInspection, { config, decided }: { config: ModelConfig; decided: string[] }): string {
  const [only] = outputs;
  const said = (value: ValueDescription, why: string) => { decided.push(`output ${value.name} (${useOf(value, config)}): ${why}`); return value.name; };
  if (only && outputs.length === 1) return said(only, 'the only output');
  const architecture = config.architectures.find((name) => causal.test(name));
  const logits = outputs.find((value) => useOf(value, config) === 'logits a token');
  if (architecture !== undefined && logits) return said(logits, `config.json says ${architecture}, a causal language model`);
  const best = ranks.map((use) => outputs.filter((value) => useOf(value, config) === use)).find((values) => values.length > 0) ?? [];
  const named = best.length > 1 ? best.filter(({ name }) => namesOfVectors.test(name)) : best;
  const [chosen] = named;
  if (chosen && named.length === 1) return said(chosen, `the only ${useOf(chosen, config)} of ${outputs.length} outputs`);
  throw new FleetError('model.output-unclear', { field: '--output', problem: `The model has ${outputs.length} outputs of equal claim: ${outputs.map((value) => `${value.name} (${useOf(value, config)})`).join(', ')}.` });
}

function poolOf(output: ValueDescription, { config, decided }: { config: ModelConfig; decided: string[] }): Pool | undefined {
  if (useOf(output, config) !== 'vector a token') return undefined;
  const architecture = config.architectures.find((name) => causal.test(name));
  const pool = architecture === undefined ? 'mean' : 'last';
  decided.push(`pool ${pool}: ${architecture === undefined ? 'the mean over the tokens, where nothing says otherwise' : `only the last token of ${architecture} has seen the whole text`}`);
  return pool;
}

function inputsOf({ inputs }: ModelInspection, { words, decided }: { words: ModelWords; decided: string[] }): ModelReading['inputs'] {
  const names = inputs.map(({ name }) => name);
  const require = (name: string, flag: string) => {
    if (names.includes(name)) return name;
    throw new FleetError('model.input-unknown', { field: flag, problem: `The model has no input "${name}"; it has ${names.join(', ')}.`, fix: `Name one of them with ${flag}.` });
  };
  const guessed = (flag: string, patterns: RegExp[]) => {
    const name = patterns.map((pattern) => names.find((candidate) => pattern.test(candidate))).find((found) => found !== undefined);
    if (name !== undefined) decided.push(`${flag.slice(2)} ${name}`);
    return name;
  };
  const ids = words.ids === undefined ? guessed('--ids', [/^input_ids$/i, /^(?!.*(type|position)).*ids$/i, /^(tokens?|input)$/i]) : require(words.ids, '--ids');
  if (ids === undefined) throw new FleetError('model.input-unknown', { field: '--ids', problem: `None of the inputs ${names.join(', ')} is called like token ids.`, fix: 'Name the input of the token ids with --ids.' });
  const mask = words.mask === undefined ? guessed('--mask', [/^attention_mask$/i, /mask/i]) : require(words.mask, '--mask');
  if (mask === undefined) decided.push('no mask input: right for a causal model that is padded on the right');
  return { ids, ...(mask === undefined ? {} : { mask }) };
}
