import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { Tokenizer } from '@huggingface/tokenizers';

/** Text to token ids, as the model was trained on. */
export interface TextTokenizer {
  /** Id that fills short rows; the mask hides it from the model. */
  padding: number;
  /** Ids of `text`, at most `tokensMax`. Special tokens of the model stay; the text between them is cut. */
  encode(text: string): readonly number[];
  /** Ids of `text` with its special tokens, however many. */
  encodeWhole(text: string): readonly number[];
  /** Special tokens that begin a text. */
  leading: readonly number[];
  /** Ids of a text that goes on: the special tokens that begin one (where the tokenizer adds any), none that ends it. Not cut. */
  encodeOpen(text: string): readonly number[];
}

/**
 * Opens a `tokenizer.json` of Hugging Face tokenizers.
 * @throws FleetError `tokenizer.not-found`, `tokenizer.invalid`, `dataset.option` where special tokens leave no room for a text
 */
export async function openTokenizer({ path, tokensMax }: { path: string; tokensMax: number }): Promise<TextTokenizer> {
  const { tokenizer, padding } = build(basename(path), await readText(path));
  const { leading, specials } = specialsOf(tokenizer);
  if (specials >= tokensMax) {
    throw new FleetError('dataset.option', { field: 'tokensMax', problem: `The model adds ${specials} tokens to a text, which leaves none of ${tokensMax} to the text.` });
  }
  return {
    padding,
    leading,
    encodeWhole: (text) => tokenizer.encode(text).ids,
    encode(text) {
      const ids = tokenizer.encode(text).ids;
      if (ids.length <= tokensMax) return ids;
      return specials === 0 ? ids.slice(0, tokensMax) : encodeCut({ tokenizer, text, tokens: tokensMax - specials });
    },
    encodeOpen: (text) => [...leading, ...tokenizer.encode(text, { add_special_tokens: false }).ids],
  };
}

/** What the tokenizer puts before a text, and how many tokens it adds in all. */
function specialsOf(tokenizer: Tokenizer): { leading: readonly number[]; specials: number } {
  const plain: readonly number[] = tokenizer.encode('a', { add_special_tokens: false }).ids;
  const all: readonly number[] = tokenizer.encode('a', { add_special_tokens: true }).ids;
  const specials = all.length - plain.length;
  const before = Array.from({ length: specials + 1 }, (_, i) => i).find((i) => plain.every((id, j) => all[i + j] === id)) ?? 0;
  return { leading: all.slice(0, before), specials };
}

/** A text cut to its first tokens, with the special tokens around them: what `truncation` of the Rust library does. */
function encodeCut({ tokenizer, text, tokens }: { tokenizer: Tokenizer; text: string; tokens: number }): readonly number[] {
  const kept = tokenizer.tokenize(text, { add_special_tokens: false }).slice(0, tokens);
  const withSpecials: readonly string[] = tokenizer.post_processor?.(kept, null, true).tokens ?? kept;
  return withSpecials.map((token) => tokenizer.token_to_id(token) ?? 0);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new FleetError('tokenizer.not-found', { field: 'tokenizer', problem: `The tokenizer ${basename(path)} cannot be read.`, cause });
  }
}

function build(name: string, text: string): { tokenizer: Tokenizer; padding: number } {
  try {
    const description: unknown = JSON.parse(text);
    if (typeof description !== 'object' || description === null) throw new SyntaxError('not an object');
    const tokenizer = new Tokenizer(description, {});
    tokenizer.encode('a');
    return { tokenizer, padding: paddingOf(description) };
  } catch (cause) {
    throw new FleetError('tokenizer.invalid', { field: 'tokenizer', problem: `${name} is not a tokenizer that can be used.`, cause });
  }
}

function paddingOf(description: object): number {
  const padding: unknown = 'padding' in description ? description.padding : null;
  const id: unknown = typeof padding === 'object' && padding !== null && 'pad_id' in padding ? padding.pad_id : 0;
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 ? id : 0;
}
