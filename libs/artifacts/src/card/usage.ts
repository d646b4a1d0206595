import { type Manifest } from '@seedfleet/ledger';

/** What a folder holds beside manifest, log and card. */
export type CardFormat =
  | { type: 'peft'; biases: boolean }
  | { type: 'onnx'; precision: 'fp32' | 'w8a8'; logits: string | null; inputs: readonly string[]; external: boolean };

const block = (language: string, lines: readonly (string | false | undefined)[]) => `\`\`\`${language}\n${lines.filter((line) => typeof line === 'string').join('\n')}\n\`\`\`\n`;

/** How to load what the folder holds, as code that runs in the folder. */
export function usageOf(manifest: Manifest, format: CardFormat): string {
  return format.type === 'peft' ? peftUsage(manifest, format) : `${onnxPython(manifest, format)}\n${onnxJavaScript(manifest, format)}`;
}

function peftUsage({ model, task }: Manifest, { biases }: CardFormat & { type: 'peft' }): string {
  const classifies = task.type === 'classification';
  const auto = classifies ? 'AutoModel' : 'AutoModelForCausalLM';
  return `The adapter belongs to the PyTorch checkpoint that the base model was exported from; its modules have the names of the sites.

${block('python', [
    biases && 'import torch', 'from peft import PeftModel', (classifies || biases) && 'from safetensors.torch import load_file', `from transformers import ${auto}`, '',
    `base = ${auto}.from_pretrained(BASE)  # the checkpoint behind ${JSON.stringify(model.name)}`, 'model = PeftModel.from_pretrained(base, ".").eval()',
    ...(biases ? ['for name, difference in load_file("biases.safetensors").items():', '    module = model.get_submodule("base_model.model." + name.removesuffix(".bias"))', '    layer = getattr(module, "base_layer", module)',
      '    layer.bias = torch.nn.Parameter(difference if layer.bias is None else layer.bias.data + difference)'] : []),
    ...(classifies ? ['', 'head = load_file("head.safetensors")', `# x: what the ONNX file calls ${JSON.stringify(model.output)}, [batch, width]`, 'logits = x @ head["head.weight"].T + head["head.bias"]'] : []),
  ])}`;
}

type Onnx = CardFormat & { type: 'onnx' };

/** Inputs that one text needs besides ids and mask, as expressions. */
const otherInputs: [RegExp, { python: string; javascript: string }][] = [
  [/^(token_type_ids|segment_ids)$/, { python: 'np.zeros_like(ids)', javascript: 'int64(rows.map((row) => row.map(() => 0)))' }],
  [/^position_ids$/, { python: 'np.maximum(mask.cumsum(axis=1) - 1, 0)', javascript: 'int64(rows.map((row) => row.map((_, t) => t)))' }],
];

function feedsOf({ model: { inputs: names } }: Manifest, { inputs }: Onnx, language: 'python' | 'javascript'): string {
  const expression = (name: string) => {
    if (name === names.ids) return language === 'python' ? 'ids' : 'int64(rows)';
    if (name === names.mask) return language === 'python' ? 'mask' : 'int64(mask)';
    return otherInputs.find(([pattern]) => pattern.test(name))?.[1][language];
  };
  return inputs.flatMap((name) => { const value = expression(name); return value === undefined ? [] : [`${JSON.stringify(name)}: ${value}`]; }).join(', ');
}

/** The output to read: the head's logits, or the one that was trained through. */
const outputOf = ({ model }: Manifest, { logits }: Onnx) => logits ?? model.output;

function onnxPython(manifest: Manifest, format: Onnx): string {
  const { task: { tokensMax } } = manifest;
  const output = JSON.stringify(outputOf(manifest, format));
  return block('python', [
    'import json', 'import numpy as np', 'import onnxruntime', 'from tokenizers import Tokenizer', '',
    'options = onnxruntime.SessionOptions()', format.precision === 'w8a8' && 'options.add_session_config_entry("session.x64quantprecision", "1")  # exact on every x64 processor; needless with VNNI',
    'session = onnxruntime.InferenceSession("model.onnx", options)', 'tokenizer = Tokenizer.from_file("tokenizer.json")', `tokenizer.enable_truncation(${tokensMax})`, 'tokenizer.enable_padding()',
    'batch = tokenizer.encode_batch(["one text", "and another"])', 'ids = np.array([text.ids for text in batch], dtype=np.int64)', 'mask = np.array([text.attention_mask for text in batch], dtype=np.int64)',
    `[logits] = session.run([${output}], {${feedsOf(manifest, format, 'python')}})`,
    ...(format.logits === null ? ['print(logits.shape)'] : ['labels = json.loads(session.get_modelmeta().custom_metadata_map["labels"])', 'print([labels[index] for index in logits.argmax(axis=-1)])']),
  ]);
}

function onnxJavaScript(manifest: Manifest, format: Onnx): string {
  const config = format.precision === 'w8a8' ? `, { extra: { session: { x64quantprecision: '1' } } }` : '';
  return block('js', [
    `import { InferenceSession, Tensor } from 'onnxruntime-node';`, '', `const session = await InferenceSession.create('model.onnx'${config});`,
    'const rows = [[1, 2, 3, 4], [5, 6, 0, 0]];  // token ids of two texts, padded',  'const mask = [[1, 1, 1, 1], [1, 1, 0, 0]];',
    `const int64 = (values) => new Tensor('int64', BigInt64Array.from(values.flat(), BigInt), [values.length, values[0].length]);`,
    `const { ${JSON.stringify(outputOf(manifest, format))}: logits } = await session.run({ ${feedsOf(manifest, format, 'javascript')} });`, 'console.log(logits.dims);',
  ]);
}
