import { Option, type Command } from 'commander';
import { type ModelWords } from './guess-model.js';

export type ReadingOptions = ModelWords;

/** Adds the flags that say how a model is read; what is not said is guessed from the graph and config.json, and printed. */
export function addReadingOptions(command: Command): Command {
  return command
    .option('--output <value>', 'graph output that is trained through: a vector an example, a vector a token (with a pool), or the logits of a causal model')
    .addOption(new Option('--pool <how>', 'makes one vector an example of one a token, for a classification head').choices(['mean', 'first', 'last', 'none']))
    .option('--ids <input>', 'graph input of the token ids (default: input_ids, or the one called like it)')
    .option('--mask <input>', 'graph input of the attention mask (default: attention_mask, or the one called like it)');
}
