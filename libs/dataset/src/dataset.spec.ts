import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Batch, type DatasetOptions, openDataset } from './index.js';

/** A WordPiece tokenizer as BERT exports have it: lower case, [CLS] text [SEP], padding id 0. */
const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'good', 'bad', 'very', 'case', '##s', '.'];
const bertTokenizer = {
  version: '1.0', truncation: null, padding: { strategy: 'BatchLongest', direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' },
  added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map((content, id) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '[SEP]', type_id: 0 } }],
    pair: [], special_tokens: { '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] } },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])) },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seedfleet-dataset-'));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(bertTokenizer));
});
afterAll(async () => { await rm(folder, { recursive: true }); });

async function open(rows: { text: string; label: string }[], options: Partial<DatasetOptions> = {}) {
  const path = join(folder, 'rows.jsonl');
  await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  return openDataset({
    path, format: 'jsonl', fields: { text: 'text', label: 'label' }, task: { type: 'classification', labels: ['no', 'yes'] }, tokenizer: { path: join(folder, 'tokenizer.json') },
    tokensMax: 8, heldOutFraction: 0, salt: new Uint8Array(32), ...options,
  });
}

/** Rows of a batch as the text of their unmasked ids, with their class. */
function rowsOf(batch: Batch): string[] {
  return Array.from(batch.labels, (label, row) => {
    const from = row * batch.tokens;
    const ids = Array.from(batch.ids.subarray(from, from + batch.tokens)).filter((_, i) => batch.mask[from + i] === 1n);
    return `${ids.join(' ')} -> ${label}`;
  });
}

test('texts become ids with the special tokens of the model, short rows are filled and masked', async () => {
  const dataset = await open([{ text: 'Good cases.', label: 'yes' }, { text: 'bad', label: 'no' }]);
  const batch = dataset.trainBatch({ counter: 0, examples: 2 });
  expect(rowsOf(batch).sort()).toEqual(['2 4 7 8 9 3 -> 1', '2 5 3 -> 0']);
  expect(batch.tokens).toBe(6);
  expect(batch.ids.filter((_, i) => batch.mask[i] === 0n)).toEqual(new BigInt64Array(3));
});

test('a long text is cut between its special tokens', async () => {
  const dataset = await open([{ text: 'very very very very good', label: 'yes' }], { tokensMax: 5 });
  expect(rowsOf(dataset.trainBatch({ counter: 0, examples: 1 }))).toEqual(['2 6 6 6 3 -> 1']);
});

const rows = Array.from({ length: 50 }, (_, i) => ({ text: `${'very '.repeat(i % 5)}${i % 2 === 0 ? 'good' : 'bad'}`, label: i % 2 === 0 ? 'yes' : 'no' }));

test('training and held-out examples are all examples, each once', async () => {
  const dataset = await open(rows, { heldOutFraction: 0.2 });
  expect([dataset.trainExamples, dataset.heldOutExamples]).toEqual([40, 10]);
  const all = await open(rows);
  const train = Array.from({ length: 5 }, (_, counter) => rowsOf(dataset.trainBatch({ counter, examples: 8 }))).flat();
  const heldOut = Array.from(dataset.heldOutBatches({ examples: 4 }));
  expect(heldOut.map((batch) => batch.examples)).toEqual([4, 4, 2]);
  expect([...train, ...heldOut.flatMap(rowsOf)].sort()).toEqual(rowsOf(all.trainBatch({ counter: 0, examples: 50 })).sort());
});

test('a restart changes neither the split nor the batches', async () => {
  const [first, second] = [await open(rows, { heldOutFraction: 0.2 }), await open(rows, { heldOutFraction: 0.2 })];
  first.trainBatch({ counter: 0, examples: 6 });
  expect(second.trainBatch({ counter: 17, examples: 6 })).toEqual(first.trainBatch({ counter: 17, examples: 6 }));
  expect(Array.from(second.heldOutBatches({ examples: 3 }))).toEqual(Array.from(first.heldOutBatches({ examples: 3 })));
});

test('a device that enrols again holds out the same examples, in batches of another order', async () => {
  const [first, second] = [await open(rows, { heldOutFraction: 0.2 }), await open(rows, { heldOutFraction: 0.2, salt: new Uint8Array(32).fill(1) })];
  expect(Array.from(second.heldOutBatches({ examples: 4 }))).toEqual(Array.from(first.heldOutBatches({ examples: 4 })));
  expect(second.trainBatch({ counter: 0, examples: 6 })).not.toEqual(first.trainBatch({ counter: 0, examples: 6 }));
});

test('a label that the run does not know is named by its place, not by its value', async () => {
  const error: unknown = await open([...rows, { text: 'good', label: 'secret' }]).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'dataset.unknown-label', field: 'label', problem: 'rows.jsonl, line 51: the field "label" holds none of the labels "no", "yes".' });
  expect(String(error)).not.toContain('secret');
});

test('a file without examples is no dataset', async () => {
  await expect(open([])).rejects.toMatchObject({ code: 'dataset.empty', problem: 'The data file rows.jsonl holds no examples.' });
});

test.each([
  { content: undefined, code: 'tokenizer.not-found' },
  { content: 'no JSON', code: 'tokenizer.invalid' },
  { content: '[]', code: 'tokenizer.invalid' },
  { content: JSON.stringify({ ...bertTokenizer, model: { type: 'Unheard' } }), code: 'tokenizer.invalid' },
])('a tokenizer that cannot be used is $code', async ({ content, code }) => {
  const path = join(folder, 'other.json');
  await (content === undefined ? rm(path, { force: true }) : writeFile(path, content));
  await expect(open(rows, { tokenizer: { path } })).rejects.toMatchObject({ code, field: 'tokenizer' });
});

test.each([{ heldOutFraction: 1 }, { heldOutFraction: Number.NaN }, { tokensMax: 2 }])('%j is refused', async (options) => {
  await expect(open(rows, options)).rejects.toMatchObject({ code: 'dataset.option', field: Object.keys(options)[0] });
});

/** A byte-pair tokenizer as causal models have it: a space belongs to the word behind it, `<s>` begins a text. */
const causalWords = ['<s>', '</s>', '_', 'g', 'o', 'd', 'b', 'a', 'i', 'e', ':', '_g', '_b', '_go', '_goo', '_good', '_ba', '_bad', 't', '_t'];
const causalTokenizer = {
  version: '1.0', truncation: null, padding: null,
  added_tokens: ['<s>', '</s>'].map((content, id) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
  normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '_' }, pre_tokenizer: null,
  post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }], pair: [], special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } } },
  decoder: null,
  model: { type: 'BPE', unk_token: null, vocab: Object.fromEntries(causalWords.map((token, id) => [token, id])), merges: ['_ g', '_g o', '_go o', '_goo d', '_ b', '_b a', '_ba d', '_ t'] },
};
const idOf = (token: string) => causalWords.indexOf(token);

describe('a verbalizer', () => {
  const task = { type: 'verbalizer', labels: ['no', 'yes'], words: [' bad', ' good'], template: 'i{text} a:' } as const;
  const openCausal = async (texts: { text: string; label: string }[], options: Partial<DatasetOptions> = {}) => {
    const path = join(folder, 'causal.json');
    await writeFile(path, JSON.stringify(causalTokenizer));
    return open(texts, { tokenizer: { path }, task, tokensMax: 20, ...options });
  };

  test('fills its template behind the first token of a text, and answers where the template ends', async () => {
    const dataset = await openCausal([{ text: ' good', label: 'yes' }, { text: ' bad bad', label: 'no' }]);
    const { ids, tokens, mask, labels, answer = new BigInt64Array(0) } = dataset.trainBatch({ counter: 0, examples: 2 });
    const prompts = Array.from(labels, (label, i) => [label, ...ids.subarray(i * tokens, i * tokens + Number(answer[i]) + 1)].map(Number)).sort((x, y) => (x[0] ?? 0) - (y[0] ?? 0));
    const [start, end] = [[idOf('<s>'), idOf('i')], [idOf('_'), idOf('a'), idOf(':')]];
    expect(prompts).toEqual([[0, ...start, idOf('_bad'), idOf('_bad'), ...end], [1, ...start, idOf('_good'), ...end]]);
    // Nothing but padding stands behind the position of the answer.
    Array.from(answer, (at, i) => expect([...mask.subarray(i * tokens, (i + 1) * tokens)].lastIndexOf(1n)).toBe(Number(at)));
    expect(dataset.answers).toEqual([idOf('_bad'), idOf('_good')]);
  });

  test('cuts the text at a word, and never the template', async () => {
    const dataset = await openCausal([{ text: ' good good good good good good', label: 'yes' }], { tokensMax: 8 });
    const { ids } = dataset.trainBatch({ counter: 0, examples: 1 });
    expect([...ids].map(Number)).toEqual([idOf('<s>'), idOf('i'), idOf('_good'), idOf('_good'), idOf('_good'), idOf('_'), idOf('a'), idOf(':')]);
  });

  test.each([
    ['words that begin with the same token', { words: [' bad', ' bade'] }, 'words'],
    ['a word that does not begin behind the template', { template: 'i{text} a: ', words: ['bad', 'good'] }, 'words'],
    ['more words than labels', { words: [' bad', ' good', ' t'] }, 'words'],
    ['a template without a place for the text', { template: 'i a:' }, 'template'],
    ['a template with two', { template: '{text}{text}:' }, 'template'],
    ['a template that takes all tokens', { template: `i{text}${' good'.repeat(20)}` }, 'tokensMax'],
  ])('refuses %s', async (_, change, field) => {
    await expect(openCausal([{ text: ' good', label: 'yes' }], { task: { ...task, ...change } })).rejects.toMatchObject({ code: 'dataset.option', field });
  });

  test('holds out the same examples as a classification of the same file', async () => {
    const texts = Array.from({ length: 30 }, (_, i) => ({ text: ` ${'good bad '.repeat(1 + i % 3)}${'t'.repeat(1 + i % 7)}`, label: i % 2 === 0 ? 'yes' : 'no' }));
    const held = async (other: DatasetOptions['task']) => [...(await openCausal(texts, { task: other, heldOutFraction: 0.3, tokensMax: 60 })).heldOutBatches({ examples: 30 })].flatMap(({ labels }) => [...labels]).sort();
    expect(await held(task)).toEqual(await held({ type: 'classification', labels: task.labels }));
  });
});

describe('the language task', () => {
  const openText = async (content: string, options: Partial<DatasetOptions> = {}) => {
    const [path, tokenizer] = [join(folder, 'passages.txt'), join(folder, 'causal.json')];
    await writeFile(path, content);
    await writeFile(tokenizer, JSON.stringify(causalTokenizer));
    return openDataset({ path, format: 'text', fields: { text: 'text', label: 'label' }, task: { type: 'language' }, tokenizer: { path: tokenizer }, tokensMax: 6, heldOutFraction: 0, salt: new Uint8Array(32), ...options });
  };
  test('passages stand between blank lines; every token but the first is a label, padding is none', async () => {
    const dataset = await openText(' good bad\r\n\n \n\n bad\n');
    expect(dataset.trainExamples).toBe(2);
    const { ids, labels, tokens, examples } = dataset.trainBatch({ counter: 0, examples: 2 });
    const rowsOfText = Array.from({ length: examples }, (_, i) => [[...ids.subarray(i * tokens, (i + 1) * tokens)].map(Number), [...labels.subarray(i * tokens, (i + 1) * tokens)].map(Number)]);
    const [start, good, bad] = [idOf('<s>'), idOf('_good'), idOf('_bad')];
    expect(rowsOfText).toEqual(expect.arrayContaining([[[start, good, bad], [-1, good, bad]], [[start, bad, 0], [-1, bad, -1]]]));
    expect(dataset.answers).toBeUndefined();
  });
  test('a passage is cut to the tokens asked for', async () => {
    expect((await openText(' good'.repeat(20))).trainBatch({ counter: 0, examples: 1 }).tokens).toBe(6);
  });
  describe('in windows', () => {
    const words = ['_good', '_bad', '_t'];
    /** Passages of 1 to 14 words, each of its own. */
    const passages = Array.from({ length: 14 }, (_, i) => Array.from({ length: i + 1 }, (_each, j) => words[Math.floor((i + 1) / 3 ** j) % 3] ?? ''));
    const content = passages.map((passage) => passage.join('').replaceAll('_', ' ')).join('\n\n');
    const task = { type: 'language', overlap: 2 } as const;
    /** What is foretold in a batch, row by row, as words. */
    const foretold = ({ examples, tokens, labels }: Batch) => Array.from({ length: examples }, (_, i) => [...labels.subarray(i * tokens, (i + 1) * tokens)].filter((label) => label >= 0n).map((label) => causalWords[Number(label)] ?? ''));
    const wordsIn = (batches: Iterable<Batch>) => [...batches].flatMap(foretold).flat().sort();

    test('all of a passage is foretold, each token once, in rows no longer than the model takes', async () => {
      const dataset = await openText(content, { task });
      const batch = dataset.trainBatch({ counter: 0, examples: dataset.trainExamples });
      expect(batch.tokens).toBe(6);
      expect(dataset.trainExamples).toBeGreaterThan(passages.length);
      expect(wordsIn([batch])).toEqual(passages.flat().sort());
      expect(foretold(batch).every((row) => row.length > 0 && row.length <= 5)).toBe(true);
    });

    test('a passage is held out whole or not at all, and counts as one', async () => {
      const dataset = await openText(content, { task, heldOutFraction: 0.3 });
      expect(dataset.heldOutExamples).toBe(4);
      const heldOut = wordsIn(dataset.heldOutBatches({ examples: 3 }));
      // The same passages as without windows: their cut beginnings are those of long rows.
      const cut = await openText(content, { heldOutFraction: 0.3, tokensMax: 20 });
      expect(heldOut).toEqual(wordsIn(cut.heldOutBatches({ examples: 3 })));
      const train = dataset.trainBatch({ counter: 0, examples: dataset.trainExamples });
      expect([...heldOut, ...wordsIn([train])].sort()).toEqual(passages.flat().sort());
    });

    test('copies of a passage stay on one side', async () => {
      const copied = ' good bad good bad t t good good';
      for (const fraction of [0.2, 0.5, 0.8]) {
        const dataset = await openText(Array(5).fill(copied).join('\n\n'), { task, heldOutFraction: fraction });
        expect(dataset.heldOutExamples).toBe(0);
      }
    });

    test('without an overlap batches are what they were before there were windows', async () => {
      // SHA-256 of 30 training batches and the held-out ones, made with the code of commit 7c5e7b5.
      const [path, tokenizer] = [join(folder, 'letters.txt'), join(folder, 'letters.json')];
      await writeFile(path, Array.from({ length: 60 }, (_, i) => Array.from({ length: 1 + (i * 7) % 23 }, (_each, j) => String.fromCharCode(97 + (i * j + i) % 20)).join(' ')).join('\n\n'));
      await writeFile(tokenizer, JSON.stringify({ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: { type: 'Whitespace' }, post_processor: null, decoder: null,
        model: { type: 'WordLevel', vocab: Object.fromEntries(['[UNK]', ...'abcdefghijklmnopqrstuvw'].map((word, id) => [word, id])), unk_token: '[UNK]' } }));
      const dataset = await openDataset({ path, format: 'text', fields: { text: 'text' }, task: { type: 'language' }, tokenizer: { path: tokenizer }, tokensMax: 9, heldOutFraction: 0.25, salt: new Uint8Array(32) });
      const hash = createHash('sha256');
      for (const { ids, mask, labels } of [...Array.from({ length: 30 }, (_, counter) => dataset.trainBatch({ counter, examples: 7 })), ...dataset.heldOutBatches({ examples: 4 })]) {
        for (const { buffer, byteOffset, byteLength } of [ids, mask, labels]) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
      }
      expect(hash.digest('hex')).toBe('fa7c8f907e62b4c82ad97d6d064c57ba41a27539f5161d4c66194e6111ae5055');
    });

    test('the same after a restart', async () => {
      const [first, second] = [await openText(content, { task, heldOutFraction: 0.2 }), await openText(content, { task, heldOutFraction: 0.2 })];
      expect(second.trainBatch({ counter: 3, examples: 4 })).toEqual(first.trainBatch({ counter: 3, examples: 4 }));
    });

    test('a window without room for a new token is refused', async () => {
      await expect(openText(content, { task: { type: 'language', overlap: 5 } })).rejects.toMatchObject({ code: 'dataset.option', field: 'overlap' });
    });
  });
  test('JSONL needs no label', async () => {
    const dataset = await openText('{"text":" good bad"}\n{"text":" bad"}\n', { format: 'jsonl' });
    expect(dataset.trainExamples).toBe(2);
  });
  test('plain text has no labels to classify by', async () => {
    await expect(openText(' good', { task: { type: 'classification', labels: ['no', 'yes'] } })).rejects.toMatchObject({ code: 'dataset.option', field: 'format' });
  });
});
