import { open, type FileHandle } from 'node:fs/promises';
import { FleetError } from '@seedfleet/errors';
import { routes, type ModelFile } from '@seedfleet/protocol';
import { OffsetMismatch, type CoordinatorClient } from '../coordinator/coordinator-client.js';
import { type LocalFile } from './model-files.js';

/** Bytes of one upload request. */
const pieceBytes = 4 * 1024 * 1024;
/** Requests in a row that may bring nothing before the upload gives up. */
const failuresMax = 5;
const pauseMs = 500;

export interface Upload {
  client: CoordinatorClient;
  model: string;
  file: LocalFile;
  /** bytes that the coordinator has already */
  received: number;
  onProgress(sent: number): void;
  sleep(milliseconds: number): Promise<void>;
}

/**
 * Sends what the coordinator does not have of a file. After a failed request it asks the coordinator how far it came and goes on there.
 * @throws FleetError `upload.interrupted`, or what the coordinator refused
 */
export async function uploadFile(upload: Upload): Promise<void> {
  const handle = await open(upload.file.file, 'r');
  try {
    await sendFrom(handle, upload);
  } finally {
    await handle.close();
  }
}

async function sendFrom(handle: FileHandle, { client, model, file, received, onProgress, sleep }: Upload): Promise<void> {
  let offset = received;
  let failures = 0;
  while (offset < file.bytes) {
    const before = offset;
    try {
      const bytes = await pieceAt(handle, { offset, length: Math.min(pieceBytes, file.bytes - offset) });
      offset = (await client.append(routes.uploadModelFile, { params: { id: model }, query: { path: file.path } }, { offset, bytes })).received;
    } catch (error) {
      if (error instanceof OffsetMismatch) offset = error.offset;
      else if (error instanceof FleetError && error.code === 'coordinator.unreachable') await sleep(pauseMs);
      else throw error;
    }
    onProgress(offset);
    failures = offset > before ? 0 : failures + 1;
    if (failures === failuresMax) {
      throw new FleetError('upload.interrupted', { field: file.path, problem: `The upload of ${file.path} stopped at byte ${offset} of ${file.bytes}.` });
    }
  }
}

async function pieceAt(handle: FileHandle, { offset, length }: { offset: number; length: number }): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) throw new FleetError('file.unreadable', { problem: 'The file became shorter while it was read.', fix: 'Run the command again when nothing writes to the file.' });
    filled += bytesRead;
  }
  return bytes;
}

/** How much of a file the coordinator has. */
export function receivedOf(files: ModelFile[], path: string): number {
  return files.find((file) => file.path === path)?.received ?? 0;
}
