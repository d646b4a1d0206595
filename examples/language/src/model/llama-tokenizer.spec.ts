import { Tokenizer } from '@huggingface/tokenizers';
import llama from 'llama-tokenizer-js';
import { readPassages } from '../text/moby-dick.js';
import { llamaTokenizer } from './llama-tokenizer.js';

const tokenizer = new Tokenizer(JSON.parse(llamaTokenizer()) as object, {});

test('passages of Moby-Dick become the tokens that llama-tokenizer-js makes of them', async () => {
  const passages = (await readPassages()).filter((_, i) => i % 8 === 0);
  expect(passages.length).toBeGreaterThan(190);
  for (const passage of passages) expect(tokenizer.encode(passage).ids).toEqual(llama.encode(passage));
});

test.each(['grabbed', ' grabbed', '           grabbed', '\ttabs\n\nlines', 'Ishmael—“never mind how long”', '鯨 🐋', 'a'])('so does %j', (text) => {
  expect(tokenizer.encode(text).ids).toEqual(llama.encode(text));
});
