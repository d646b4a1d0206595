import { gzipSync } from 'node:zlib';

const blockBytes = 512;

/** Files as a gzipped tar archive (POSIX ustar), readable by their owner only. @param atMs time that they carry; names have at most 100 characters */
export function tarFile(files: ReadonlyMap<string, string>, atMs: number): Uint8Array {
  const blocks = [...files].flatMap(([name, text]) => {
    const body = Buffer.from(text, 'utf8');
    return [header(name, body.length, Math.floor(atMs / 1_000)), body, Buffer.alloc((blockBytes - (body.length % blockBytes)) % blockBytes)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]));
}

/** POSIX.1-2001 (pax), "ustar Interchange Format". */
function header(name: string, bytes: number, atSeconds: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0, 100, 'utf8');
  block.write(octal(0o600, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(bytes, 11), 124);
  block.write(octal(atSeconds, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write('0ustar\x0000', 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)} `, 148);
  return block;
}
