import { type Coordinator } from '../fleet/coordinator.js';
import { waitUntil } from '../fleet/wait-until.js';

const inspectionMs = 60_000;

/** A model on disk, with what its registration needs. */
export interface ModelOnDisk {
  folder: string;
  output: string;
  /** A causal language model that is padded on the right needs no mask. */
  inputs: { ids: string; mask?: string };
  files: { path: string; role: 'model' | 'tokenizer'; sha256: string; bytes: number }[];
}

/** Uploads a model and waits until the coordinator has inspected it. @returns its id */
export async function registerModel({ coordinator: { client }, name, model: { folder, output, inputs, files } }: { coordinator: Coordinator; name: string; model: ModelOnDisk }): Promise<string> {
  const { id } = await client.call('createModel', { body: { name, output, inputs, files } });
  for (const { path } of files) await client.uploadModelFile({ model: id, path, file: `${folder}/${path}` });
  await waitUntil({ what: 'the coordinator to inspect the model', timeoutMs: inspectionMs }, async () => (await client.call('showModel', { params: { id } })).state === 'ready');
  return id;
}
