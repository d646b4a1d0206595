import { type Model, type ModelRequest } from '@seedfleet/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { fetchRoute } from '../../api/fetch-route';
import { sha256Of, uploadFile } from '../../api/upload-file';
import { useSession } from '../../session/session';

export type ModelDraft = Pick<ModelRequest, 'name' | 'output' | 'inputs'> & { files: File[] };
type Role = ModelRequest['files'][number]['role'];

export interface UploadProgress { doing: string; done: number; total: number }

/** What a file of a model is, by its name. */
export function roleOf(file: File): Role {
  if (file.name.endsWith('.onnx')) return 'model';
  return file.name === 'tokenizer.json' ? 'tokenizer' : 'external';
}

/** Hashes the files, announces the model unless the same one is under way already, and sends what is missing. */
export function useModelUpload(models: Model[]) {
  const { token } = useSession();
  const queries = useQueryClient();
  const [progress, setProgress] = useState<UploadProgress | null>(null);
  const mutation = useMutation<void, Error, ModelDraft>({
    mutationFn: async ({ files, ...draft }) => {
      const total = files.reduce((bytes, file) => bytes + file.size, 0);
      const described: ModelRequest['files'] = [];
      let done = 0;
      for (const file of files) {
        const sha256 = await sha256Of(file, (read) => setProgress({ doing: 'Hashing', done: done + read, total }));
        described.push({ path: file.name, role: roleOf(file), sha256, bytes: file.size });
        done += file.size;
      }
      const auth = token ?? '';
      const model = models.find((known) => known.state === 'uploading' && sameFiles(known, { name: draft.name, files: described }))
        ?? await fetchRoute('createModel', { token: auth, body: { ...draft, files: described } });
      done = 0;
      for (const file of files) {
        const received = model.files.find((known) => known.path === file.name)?.received ?? 0;
        await uploadFile({ token: auth, model: model.id, path: file.name, file, received, onProgress: (sent) => setProgress({ doing: 'Uploading', done: done + sent, total }) });
        done += file.size;
      }
      setProgress({ doing: 'Uploaded', done: total, total });
    },
    onSettled: () => queries.invalidateQueries(),
  });
  return { ...mutation, progress };
}

function sameFiles(model: Model, { name, files }: Pick<ModelRequest, 'name' | 'files'>): boolean {
  return model.name === name && model.files.length === files.length
    && files.every((file) => model.files.some((known) => known.path === file.path && known.sha256 === file.sha256));
}
