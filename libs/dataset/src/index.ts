/**
 * Local files to batches: readers of JSONL, CSV and plain text, tasks, the tokenizer, the split into training and held-out examples, the order of batches.
 * Not here: running a model, sending anything. Side `device`: nothing that holds a text or a label may be imported by a server.
 */
export { openDataset, type Dataset, type DatasetOptions } from './dataset.js';
export { type DatasetTask } from './tasks/dataset-task.js';
export { type Batch } from './batches/batch.js';
export { readDataFile, type DataFile, type DataFormat, type LabelledText } from './files/data-file.js';
