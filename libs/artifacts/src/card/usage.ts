import { type Manifest } from '@seedfleet/ledger';
import { causalUsage } from './causal-usage.js';
import { codeBlock } from './code-block.js';
import { feedsOf, int64Function, outputOf, sessionOf, unfilledInputs, type OnnxFormat } from './onnx-feeds.js';

/** What a folder holds beside manifest, log and card. */
export type CardFormat =
  | { type: 'peft'; biases: boolean }
  | { type: 'onnx'; precision: 'fp32' | 'w8a8'; logits: string | null; inputs: readonly string[]; external: boolean; dequantises: boolean };

/** How to load what the folder holds, as code that runs in the folder. */
export function usageOf(manifest: Manifest, format: CardFormat): string {
  if (format.type === 'peft') return peftUsage(manifest, format);
  const code = manifest.task.type === 'classification' ? `${python(manifest, format)}\n${javaScript(manifest, format)}` : causalUsage(manifest, format);
  const unfilled = unfilledInputs(manifest, format);
  return unfilled.length === 0 ? code : `${code}\nThe model has inputs that this does not fill, empty in training: ${unfilled.map((name) => `\`${name}\``).join(', ')}.\n`;
}

function peftUsage({ model, task }: Manifest, { biases }: CardFormat & { type: 'peft' }): string {
  const classifies = task.type === 'classification';
  const auto = classifies ? 'AutoModel' : 'AutoModelForCausalLM';
  return `The adapter belongs to the PyTorch checkpoint that the base model was exported from; its modules have the names of the sites.

${codeBlock('python', [
    biases && 'import torch', 'from peft import PeftModel', (classifies || biases) && 'from safetensors.torch import load_file', `from transformers import ${auto}`, '',
    `base = ${auto}.from_pretrained(BASE)  # the checkpoint behind ${JSON.stringify(model.name)}`, 'model = PeftModel.from_pretrained(base, ".").eval()',
    ...(biases ? ['for name, difference in load_file("biases.safetensors").items():', '    module = model.get_submodule("base_model.model." + name.removesuffix(".bias"))', '    layer = getattr(module, "base_layer", module)',
      '    layer.bias = torch.nn.Parameter(difference if layer.bias is None else layer.bias.data + difference)'] : []),
    ...(classifies ? ['', 'head = load_file("head.safetensors")', `# x: what the ONNX file calls ${JSON.stringify(model.output)}, [batch, width]`, 'logits = x @ head["head.weight"].T + head["head.bias"]'] : []),
  ])}${task.type === 'verbalizer' ? '\nThe logits of the last token of a prompt, of the first token of each word, are those of the labels.\n' : ''}`;
}

function python(manifest: Manifest, format: OnnxFormat): string {
  const { task: { tokensMax } } = manifest;
  return codeBlock('python', [
    'import json', 'import numpy as np', 'import onnxruntime', 'from tokenizers import Tokenizer', '',
    ...sessionOf.python(format), `tokenizer.enable_truncation(${tokensMax})`, 'tokenizer.enable_padding()',
    'batch = tokenizer.encode_batch(["one text", "and another"])', 'ids = np.array([text.ids for text in batch], dtype=np.int64)', 'mask = np.array([text.attention_mask for text in batch], dtype=np.int64)',
    `[logits] = session.run([${outputOf(manifest, format)}], {${feedsOf(manifest, format, 'python')}})`,
    'labels = json.loads(session.get_modelmeta().custom_metadata_map["labels"])', 'print([labels[index] for index in logits.argmax(axis=-1)])',
  ]);
}

function javaScript(manifest: Manifest, format: OnnxFormat): string {
  return codeBlock('js', [
    `import { InferenceSession, Tensor } from 'onnxruntime-node';`, '', ...sessionOf.javascript(format),
    'const rows = [[1, 2, 3, 4], [5, 6, 0, 0]];  // token ids of two texts, padded',  'const mask = [[1, 1, 1, 1], [1, 1, 0, 0]];', int64Function,
    `const { ${outputOf(manifest, format)}: logits } = await session.run({ ${feedsOf(manifest, format, 'javascript')} });`, 'console.log(logits.dims);',
  ]);
}
