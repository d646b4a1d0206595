import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** What the files beside a model say of it; only what we use, and nothing where they are silent. */
export interface ModelConfig {
  /** classes of transformers: BertModel, LlamaForCausalLM */
  architectures: string[];
  hiddenSize?: number;
  vocabulary?: number;
  /** on which side the tokenizer pads */
  padding?: 'left' | 'right';
}

const configFile = z.looseObject({ architectures: z.array(z.string()).nullish(), hidden_size: z.int().positive().nullish(), n_embd: z.int().positive().nullish(), d_model: z.int().positive().nullish(), vocab_size: z.int().positive().nullish() });
const side = z.enum(['left', 'right']);
const tokenizerConfigFile = z.looseObject({ padding_side: side.nullish() });

/** Reads config.json and tokenizer_config.json. A file that is missing or says something else is as if it were not there: nothing depends on them alone. */
export async function readModelConfig(around: (name: string) => string | undefined): Promise<ModelConfig> {
  const config = await parsed(around('config.json'), configFile);
  const tokenizer = await parsed(around('tokenizer_config.json'), tokenizerConfigFile);
  const hiddenSize = config?.hidden_size ?? config?.n_embd ?? config?.d_model;
  const padding = tokenizer?.padding_side;
  return { architectures: config?.architectures ?? [], ...(hiddenSize ? { hiddenSize } : {}), ...(config?.vocab_size ? { vocabulary: config.vocab_size } : {}), ...(padding ? { padding } : {}) };
}

async function parsed<S extends z.ZodType>(file: string | undefined, schema: S): Promise<z.output<S> | undefined> {
  if (file === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch {
    // No JSON: as if it were not there.
    return undefined;
  }
}
