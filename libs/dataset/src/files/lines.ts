import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { placeOf } from './place.js';

/** Longest line that is read; a longer one is no sentence but a mistake, and must not fill the memory. */
export const lineBytesMax = 1_048_576;

const chunkBytes = 65_536;
const newline = 0x0a;

/** A line of a text file, without its end; `number` counts from 1. */
export interface Line {
  number: number;
  text: string;
}

/**
 * The lines of a UTF-8 file, as a stream: memory holds one chunk and one line. A byte order mark is dropped, `\r\n` ends a line too.
 * @throws FleetError `dataset.not-found`; `dataset.broken-line` where bytes are not UTF-8 or a line exceeds `lineBytesMax`
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const file = await openToRead(path);
  try {
    let number = 0;
    let begun: Uint8Array[] = [];
    let begunBytes = 0;
    const finish = (end: Uint8Array): Line => {
      number += 1;
      const line = decodeLine({ path, number, bytes: begun.length === 0 ? end : Buffer.concat([...begun, end]) });
      begun = [];
      begunBytes = 0;
      return line;
    };
    for await (const chunk of chunksOf(file)) {
      let start = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        yield finish(chunk.subarray(start, end));
        start = end + 1;
      }
      if (start === chunk.length) continue;
      begun.push(chunk.subarray(start));
      begunBytes += chunk.length - start;
      if (begunBytes > lineBytesMax) refuseLength({ path, number: number + 1 });
    }
    if (begunBytes > 0) yield finish(new Uint8Array(0));
  } finally {
    await file.close();
  }
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    throw new FleetError('dataset.not-found', { field: 'path', problem: `The data file ${basename(path)} cannot be opened.`, cause });
  }
  throw new FleetError('dataset.not-found', { field: 'path', problem: `${basename(path)} is not a file.` });
}

async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    // A buffer of its own for each chunk: an unfinished line keeps a view of it.
    const { bytesRead, buffer } = await file.read(new Uint8Array(chunkBytes), 0, chunkBytes, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

function decodeLine({ path, number, bytes }: { path: string; number: number; bytes: Uint8Array }): Line {
  if (bytes.length > lineBytesMax) refuseLength({ path, number });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: number > 1 }).decode(bytes);
  } catch {
    throw new FleetError('dataset.broken-line', { problem: `${placeOf({ path, line: number })}: the bytes are not UTF-8.` });
  }
  return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text };
}

function refuseLength({ path, number }: { path: string; number: number }): never {
  throw new FleetError('dataset.broken-line', { problem: `${placeOf({ path, line: number })}: the line is longer than ${lineBytesMax} bytes.` });
}
