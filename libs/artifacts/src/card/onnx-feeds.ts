import { type Manifest } from '@seedfleet/ledger';
import { type CardFormat } from './usage.js';

export type OnnxFormat = CardFormat & { type: 'onnx' };
type Language = 'python' | 'javascript';

/** Inputs that a text needs besides ids and mask, as expressions of `ids` and `mask`, in JavaScript `rows` and `mask`. */
const otherInputs: [RegExp, Record<Language, string>][] = [
  [/^(token_type_ids|segment_ids)$/, { python: 'np.zeros_like(ids)', javascript: 'int64(rows.map((row) => row.map(() => 0)))' }],
  [/^position_ids$/, { python: 'np.maximum(mask.cumsum(axis=1) - 1, 0)', javascript: 'int64(rows.map((row) => row.map((_, t) => t)))' }],
];

function expressionOf(name: string, { model: { inputs: names } }: Manifest, language: Language): string | undefined {
  if (name === names.ids) return language === 'python' ? 'ids' : 'int64(rows)';
  if (name === names.mask) return language === 'python' ? 'mask' : 'int64(mask)';
  return otherInputs.find(([pattern]) => pattern.test(name))?.[1][language];
}

/** Inputs of the model as the entries of a dictionary or an object. */
export function feedsOf(manifest: Manifest, { inputs }: OnnxFormat, language: Language): string {
  return inputs.flatMap((name) => { const value = expressionOf(name, manifest, language); return value === undefined ? [] : [`${JSON.stringify(name)}: ${value}`]; }).join(', ');
}

/** Inputs that the examples cannot fill, a cache for instance. */
export function unfilledInputs(manifest: Manifest, { inputs }: OnnxFormat): string[] {
  return inputs.filter((name) => expressionOf(name, manifest, 'python') === undefined);
}

/** The output to read: the head's logits, or the one that was trained through. As a text of code. */
export function outputOf({ model }: Manifest, { logits }: OnnxFormat): string {
  return JSON.stringify(logits ?? model.output);
}

/** Settings of ONNX Runtime without which the logits would not be those of the devices; docs/export.md. */
function settingsOf({ precision, dequantises }: OnnxFormat): { name: string; value: string; why: string }[] {
  return [
    ...(precision === 'w8a8' ? [{ name: 'x64quantprecision', value: '1', why: 'exact on every x64 processor; needless with VNNI' }] : []),
    ...(dequantises ? [{ name: 'qdq_matmulnbits_accuracy_level', value: '1', why: 'activations stay float32' }] : []),
  ];
}

/** Lines that open the model as `session`. */
export const sessionOf: Record<Language, (format: OnnxFormat) => string[]> = {
  python: (format) => [
    'options = onnxruntime.SessionOptions()', ...settingsOf(format).map(({ name, value, why }) => `options.add_session_config_entry("session.${name}", "${value}")  # ${why}`),
    'session = onnxruntime.InferenceSession("model.onnx", options)', 'tokenizer = Tokenizer.from_file("tokenizer.json")',
  ],
  javascript(format) {
    const settings = settingsOf(format).map(({ name, value }) => `${name}: '${value}'`).join(', ');
    return [`const session = await InferenceSession.create('model.onnx'${settings === '' ? '' : `, { extra: { session: { ${settings} } } }`});`];
  },
};

/** JavaScript: rows of numbers, all as long, as a tensor. */
export const int64Function = `const int64 = (values) => new Tensor('int64', BigInt64Array.from(values.flat(), BigInt), [values.length, values[0].length]);`;
