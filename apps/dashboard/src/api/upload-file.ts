import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { modelFileSchema, problemSchema, routes, type ModelFile } from '@seedfleet/protocol';
import { ApiError } from './fetch-route';

const pieceBytes = 4 * 1024 * 1024;

export interface Upload {
  token: string;
  /** id of the model that announced the file */
  model: string;
  path: string;
  file: File;
  /** bytes that the coordinator has already */
  received: number;
  onProgress: (received: number) => void;
}

/** Piece by piece, so that a file may be larger than the memory; not by WebCrypto, which plain http does not have. @returns hex */
export async function sha256Of(file: File, onProgress: (read: number) => void): Promise<string> {
  const hash = sha256.create();
  for (let offset = 0; offset < file.size; offset += pieceBytes) {
    hash.update(new Uint8Array(await file.slice(offset, offset + pieceBytes).arrayBuffer()));
    onProgress(Math.min(file.size, offset + pieceBytes));
  }
  return bytesToHex(hash.digest());
}

/** Sends what the coordinator does not have of a file. Where it has another number of bytes, it says so and this goes on there. @throws ApiError */
export async function uploadFile({ token, model, path, file, received, onProgress }: Upload): Promise<void> {
  let offset = received;
  while (offset < file.size) {
    const before: number = offset;
    const answer = await appendPiece({ token, model, path, offset, piece: file.slice(offset, offset + pieceBytes) });
    offset = answer.received;
    if (offset === before) throw new ApiError('upload.interrupted', `The upload of ${path} stands still at byte ${offset} of ${file.size}. Choose the files again: it goes on there.`, 0);
    onProgress(offset);
  }
}

async function appendPiece({ token, model, path, offset, piece }: { token: string; model: string; path: string; offset: number; piece: Blob }): Promise<Pick<ModelFile, 'received'>> {
  const url = new URL(routes.uploadModelFile.path.replace(':id', encodeURIComponent(model)), location.origin);
  url.searchParams.set('path', path);
  const response = await fetch(url, {
    method: routes.uploadModelFile.method, body: piece,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream', 'upload-offset': String(offset) },
  });
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return modelFileSchema.parse(body);
  const problem = problemSchema.safeParse(body);
  if (problem.success && problem.data.code === 'upload.offset' && problem.data.offset !== undefined) return { received: problem.data.offset };
  throw problem.success
    ? new ApiError(problem.data.code, `${problem.data.detail} ${problem.data.fix}`, response.status)
    : new ApiError('internal.failure', `The coordinator answered ${response.status}.`, response.status);
}
