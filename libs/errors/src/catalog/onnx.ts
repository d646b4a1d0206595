import { type ErrorEntry } from './error-entry.js';

export const onnxErrors = {
  'model.not-onnx': { retryable: false, http: 422, fix: 'Give the .onnx file of a transformer, as exported by Optimum, torch.onnx or transformers.js; check that the download is complete.' },
  'model.opset-too-old': { retryable: false, http: 422, fix: 'Export the model again with opset 13 or newer.' },
  'model.external-missing': { retryable: false, http: 422, fix: 'Put the named file into the folder of the model, or upload it with role "external".' },
  'model.no-sites': { retryable: false, http: 422, fix: 'Use a model whose linears are MatMul or Gemm nodes with weights in the file; `seedfleet models inspect` says why each linear was left out.' },
  'model.site-unknown': { retryable: false, http: 422, fix: 'Choose sites from those that `seedfleet models inspect` lists.' },
  'model.output-unknown': { retryable: false, http: 422, fix: 'Name a graph output, or another value of the graph, of shape [batch, width].' },
  'model.input-unknown': { retryable: false, http: 422, fix: 'Export the model with token ids and attention mask as its only inputs (token_type_ids, position_ids and an empty past are filled in).' },
  'model.batch-fixed': { retryable: false, http: 422, fix: 'Export the model with a dynamic batch axis.' },
  'model.batch-coupled': { retryable: false, http: 422, fix: 'Use the float model, or one whose activation scales are per token: rows of one batch must not disturb each other.' },
  'model.not-quantisable': { retryable: false, http: 422, fix: 'Train in float32, or use a model whose linears are stored as float32 inside the .onnx file.' },
  'model.not-tileable': { retryable: false, http: 422, fix: 'Export the model without control flow (If, Loop, Scan) around the adapted layers.' },
} as const satisfies Record<string, ErrorEntry>;
