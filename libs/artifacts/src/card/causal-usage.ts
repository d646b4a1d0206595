import { type Manifest } from '@seedfleet/ledger';
import { codeBlock } from './code-block.js';
import { feedsOf, int64Function, outputOf, sessionOf, type OnnxFormat } from './onnx-feeds.js';

/**
 * How to ask a causal language model with the run inside, a text at a time: the word of a label, or what comes next. The prompt begins as the tokenizer begins a
 * text and nothing ends it, as in training (`encodeOpen` of libs/dataset).
 */
export function causalUsage(manifest: Manifest, format: OnnxFormat): string {
  return `${python(manifest, format)}\n${javaScript(manifest, format)}`;
}

const generated = 20;

function python(manifest: Manifest, format: OnnxFormat): string {
  const feeds = feedsOf(manifest, format, 'python');
  const words = manifest.task.type === 'verbalizer';
  return codeBlock('python', [
    words && 'import json', 'import numpy as np', 'import onnxruntime', 'from tokenizers import Tokenizer', '', ...sessionOf.python(format), '',
    'def encode(text):  # without a mark that ends the text: what comes next is the answer', '    coded = tokenizer.encode(text)', '    return coded.ids[:len(coded.ids) - coded.special_tokens_mask[::-1].index(0)]', '',
    'def logits_after(tokens):', '    ids = np.array([tokens], dtype=np.int64)', /\bmask\b/.test(feeds) && '    mask = np.ones_like(ids)', `    [logits] = session.run([${outputOf(manifest, format)}], {${feeds}})`, '    return logits[0, -1]', '',
    ...(words ? [
      'facts = session.get_modelmeta().custom_metadata_map', 'labels, words, template = json.loads(facts["labels"]), json.loads(facts["words"]), facts["template"]',
      'prompt = lambda text: template.replace("{text}", text)', 'answers = [encode(prompt("a") + word)[len(encode(prompt("a")))] for word in words]  # first token of each word',
      'print(labels[logits_after(encode(prompt("one text")))[answers].argmax()])',
    ] : ['tokens = encode("one text")', `for _ in range(${generated}):`, '    tokens.append(int(logits_after(tokens).argmax()))', 'print(tokenizer.decode(tokens))']),
  ]);
}

function javaScript(manifest: Manifest, format: OnnxFormat): string {
  const { task } = manifest;
  const feeds = feedsOf(manifest, format, 'javascript');
  return codeBlock('js', [
    `import { readFileSync } from 'node:fs';`, `import { Tokenizer } from '@huggingface/tokenizers';`, `import { InferenceSession, Tensor } from 'onnxruntime-node';`, '',
    ...sessionOf.javascript(format), `const tokenizer = new Tokenizer(JSON.parse(readFileSync('tokenizer.json', 'utf8')), {});`,
    'const plain = (text) => tokenizer.encode(text, { add_special_tokens: false }).ids;', `const [whole, bare] = [tokenizer.encode('a').ids, plain('a')];`,
    'const begin = whole.slice(0, whole.findIndex((_, i) => bare.every((id, j) => id === whole[i + j])));  // what begins a text; nothing ends it',
    'const encode = (text) => [...begin, ...plain(text)];', int64Function,
    'async function logitsAfter(ids) {', '  const rows = [ids];', /\bmask\b/.test(feeds) && '  const mask = [ids.map(() => 1)];', `  const { ${outputOf(manifest, format)}: logits } = await session.run({ ${feeds} });`,
    '  return [...logits.data.slice(-logits.dims[2])];', '}', '',
    ...(task.type === 'verbalizer' ? [
      `const [labels, words, template] = [${JSON.stringify(task.labels)}, ${JSON.stringify(task.words)}, ${JSON.stringify(task.template)}];`,
      `const prompt = (text) => template.replace('{text}', () => text);`, `const answers = words.map((word) => encode(prompt('a') + word)[encode(prompt('a')).length]);  // first token of each word`,
      `const next = await logitsAfter(encode(prompt('one text')));`, 'const logits = answers.map((id) => next[id]);', 'console.log(labels[logits.indexOf(Math.max(...logits))]);',
    ] : [
      `const ids = encode('one text');`, `for (let i = 0; i < ${generated}; i++) {`, '  const next = await logitsAfter(ids);', '  ids.push(next.reduce((best, logit, id) => (logit > next[best] ? id : best), 0));', '}', 'console.log(tokenizer.decode(ids, { skip_special_tokens: true }));',
    ]),
  ]);
}
