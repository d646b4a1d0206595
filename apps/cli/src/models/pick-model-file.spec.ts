import { nearest, pickModelFile } from './pick-model-file.js';

/** As sentence-transformers, Optimum and transformers.js lay their repositories out. */
const layouts = {
  sentenceTransformers: ['config.json', 'tokenizer.json', 'onnx/model.onnx', 'onnx/model_O1.onnx', 'onnx/model_O4.onnx', 'onnx/model_qint8_avx512_vnni.onnx', 'openvino/openvino_model.xml'],
  transformersJs: ['config.json', 'tokenizer.json', 'onnx/decoder_model_merged.onnx', 'onnx/decoder_model_merged_quantized.onnx', 'onnx/decoder_model.onnx', 'onnx/decoder_with_past_model.onnx'],
  newer: ['onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model_q4.onnx', 'onnx/model_q4f16.onnx', 'onnx/model_int8.onnx', 'tokenizer.json'],
  plain: ['model.onnx', 'model.onnx_data', 'tokenizer.json'],
  own: ['encoder-v3.onnx', 'tokenizer.json'],
};

test.each([
  ['sentenceTransformers', {}, 'onnx/model.onnx'],
  ['sentenceTransformers', { file: './onnx/model_O4.onnx' }, 'onnx/model_O4.onnx'],
  ['transformersJs', {}, 'onnx/decoder_model_merged.onnx'],
  ['transformersJs', { precisionFile: 'quantized' }, 'onnx/decoder_model_merged_quantized.onnx'],
  ['newer', {}, 'onnx/model.onnx'],
  ['newer', { precisionFile: 'q4' }, 'onnx/model_q4.onnx'],
  ['plain', {}, 'model.onnx'],
  ['own', {}, 'encoder-v3.onnx'],
] as const)('of a repository laid out as %s, %j means %s', (layout, choice, path) => {
  expect(pickModelFile(layouts[layout], { place: layout, ...choice })).toBe(path);
});

test.each<[string, string[], object]>([
  ['model.folder-unclear', [], {}],
  ['model.folder-unclear', ['a.onnx', 'b.onnx'], {}],
  // A translator: neither half is the model.
  ['model.folder-unclear', ['onnx/encoder_model.onnx', 'onnx/decoder_model_merged.onnx'], {}],
  ['model.file-missing', ['onnx/model.onnx'], { file: 'model.onnx' }],
  ['model.file-missing', ['onnx/model.onnx'], { precisionFile: 'q4' }],
])('%s where nothing says which: %j', (code, files, choice) => {
  expect(() => pickModelFile(files, { place: 'here', ...choice })).toThrow(expect.objectContaining({ code }));
});

test('a tokenizer is the one nearest to the model', () => {
  expect(nearest(['tokenizer.json', 'onnx/tokenizer.json'], { name: 'tokenizer.json', to: 'onnx/model.onnx' })).toBe('onnx/tokenizer.json');
  expect(nearest(['tokenizer.json'], { name: 'tokenizer.json', to: 'onnx/model.onnx' })).toBe('tokenizer.json');
  expect(nearest(['other/tokenizer.json'], { name: 'tokenizer.json', to: 'onnx/model.onnx' })).toBeUndefined();
});
