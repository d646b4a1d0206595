import { FleetError } from '@seedfleet/errors';
import { type TextTokenizer } from '../tokens/tokenizer.js';

/** The prompt of a verbalizer: a text in its template, ending where the answer starts. */
export interface Prompt {
  /** Ids of the filled template, at most `tokensMax`, first the special tokens that begin a text. Too long a text is cut; the template never is. */
  encode(text: string): readonly number[];
  /** First token of each word behind the prompt, in the order of the words. @throws FleetError `dataset.option` */
  answers(words: readonly string[]): number[];
}

const place = '{text}';

/** @throws FleetError `dataset.option` where the template does not hold `{text}` once, or leaves no room for a text */
export function promptOf({ template, tokenizer, tokensMax }: { template: string; tokenizer: TextTokenizer; tokensMax: number }): Prompt {
  const [before = '', after, ...others] = template.split(place);
  if (after === undefined || others.length > 0) throw new FleetError('dataset.option', { field: 'template', problem: `The template does not hold ${place} exactly once.` });
  const filled = (text: string) => tokenizer.encodeOpen(before + text + after);
  const own = filled('').length;
  if (own >= tokensMax) throw new FleetError('dataset.option', { field: 'tokensMax', problem: `The template takes ${own} tokens, which leaves none of ${tokensMax} to the text.` });
  return {
    encode(text) {
      const ids = filled(text);
      return ids.length <= tokensMax ? ids : filled(longestFitting(text, (part) => filled(part).length <= tokensMax));
    },
    answers(words) {
      // What stands in the text does not matter to what follows the template.
      const prompt = filled('a');
      const answers = words.map((word, i) => firstToken({ prompt, continued: tokenizer.encodeOpen(`${before}a${after}${word}`), index: i }));
      const repeated = answers.findIndex((answer, i) => answers.indexOf(answer) < i);
      if (repeated >= 0) {
        throw new FleetError('dataset.option', { field: 'words', problem: `Words ${answers.indexOf(answers[repeated] ?? 0) + 1} and ${repeated + 1} begin with the same token of this model, so that its next token cannot tell them apart.` });
      }
      return answers;
    },
  };
}

function firstToken({ prompt, continued, index }: { prompt: readonly number[]; continued: readonly number[]; index: number }): number {
  const first = continued[prompt.length];
  if (first === undefined || prompt.some((id, i) => continued[i] !== id)) {
    throw new FleetError('dataset.option', { field: 'words', problem: `Word ${index + 1} does not begin a new token behind the template: let the template end without a space, and let the words begin with it.` });
  }
  return first;
}

/** The beginning of a text that fits, to the last whole word where there is one. @param fits for the empty text, true */
function longestFitting(text: string, fits: (part: string) => boolean): string {
  const points = Array.from(text);
  const part = (length: number) => points.slice(0, length).join('');
  let [fitting, tooLong] = [0, points.length];
  while (tooLong - fitting > 1) {
    const middle = (fitting + tooLong) >> 1;
    if (fits(part(middle))) fitting = middle;
    else tooLong = middle;
  }
  const cut = part(fitting);
  const words = /\s/.test(points[fitting] ?? ' ') ? cut : cut.replace(/\s+\S*$/, '');
  return words !== cut && words !== '' && fits(words) ? words : cut;
}
