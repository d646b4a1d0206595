import { readEncoderFile } from './encoder-package.js';

/** Pieces before this one are marks, not text: the model was never trained to see them written out. */
const firstTextPiece = 6;
const neverChosen = -100;
/** The package's list lost the scores of pieces with a colon, and its tokenizer adds them as 0. Tokenizers in other languages refuse a list with holes. */
const lostScore = 0;

/**
 * `tokenizer.json` of the encoder: SentencePiece's unigram model, with the ids of the package's own tokenizer. They differ where two
 * ways to cut a word are equally likely: in 16 of the 3,000 sentences.
 */
export async function encoderTokenizer(): Promise<string> {
  const pieces = JSON.parse((await readEncoderFile('vocab.json')).toString('utf8')) as [string, number | null][];
  const metaspace = { type: 'Metaspace', replacement: '\u2581', add_prefix_space: true, prepend_scheme: 'always' };
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: { type: 'NFKC' },
    pre_tokenizer: { ...metaspace, split: false },
    post_processor: null,
    decoder: metaspace,
    model: { type: 'Unigram', unk_id: 0, vocab: pieces.map(([piece, score], id) => [piece, id < firstTextPiece ? neverChosen : score ?? lostScore]) },
  });
}
