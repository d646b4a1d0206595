import { parseHubSource } from './hub-source.js';

test.each([
  ['hf:sentence-transformers/all-MiniLM-L6-v2', { repository: 'sentence-transformers/all-MiniLM-L6-v2', revision: 'main' }],
  ['hf:onnx-community/Qwen3-0.6B-ONNX@v1.0', { repository: 'onnx-community/Qwen3-0.6B-ONNX', revision: 'v1.0' }],
  ['hf:a/b@refs/pr/3', { repository: 'a/b', revision: 'refs/pr/3' }],
])('%s names a model', (place, source) => {
  expect(parseHubSource(place)).toEqual(source);
});

test.each(['hf:model', 'hf:a/b/c', 'hf:a/..', 'hf:a/b@', 'hf:a/b@../../etc', 'hf:a/b@x@y', 'hf:/b', 'hf:a/b c'])('%s names none', (place) => {
  expect(() => parseHubSource(place)).toThrow(expect.objectContaining({ code: 'hub.source-invalid' }));
});
