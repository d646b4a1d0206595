import { basename, dirname } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { octetStream } from '@seedfleet/protocol';
import { type Request, type Response } from 'express';

/** Sends a file; ranges and their answers are Express's. */
export function sendFile(response: Response, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    response.type(octetStream);
    response.sendFile(basename(path), { root: dirname(path), dotfiles: 'allow', cacheControl: false }, (error?: Error) => {
      // A caller that hung up is no failure of ours.
      if (error === undefined || response.headersSent) resolve();
      else reject('status' in error && error.status === 416 ? unsatisfiable() : error);
    });
  });
}

/**
 * Sends bytes from memory, or the one range that was asked for.
 * @throws FleetError `range.unsatisfiable`
 */
export function sendBytes(request: Request, response: Response, bytes: Uint8Array): void {
  response.type(octetStream).set('Accept-Ranges', 'bytes');
  const ranges = request.range(bytes.length, { combine: true });
  if (ranges === -1) throw unsatisfiable();
  const [range] = Array.isArray(ranges) && ranges.type === 'bytes' && ranges.length === 1 ? ranges : [];
  if (range === undefined) {
    response.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    return;
  }
  response.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${bytes.length}`);
  response.send(Buffer.from(bytes.buffer, bytes.byteOffset + range.start, range.end - range.start + 1));
}

function unsatisfiable(): FleetError {
  return new FleetError('range.unsatisfiable', { field: 'Range', problem: 'The range is not within the file.' });
}
