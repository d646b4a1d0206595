/**
 * The example of a causal language model: a real decoder converted from npm, the text of a novel, and a fleet of real processes to train on.
 * Not here: how processes are started and spoken to (`@seedfleet/example-sentiment`), anything that an app or a library does.
 */
export { floatLanguageModel, languageInputs, languageOutput, shippedLanguageModel } from './model/moonshine.js';
export { llamaTokenizer } from './model/llama-tokenizer.js';
export { readPassages } from './text/moby-dick.js';
