import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What a hub says a file's content is: the SHA-256 of a large file (Git LFS), the id of a git blob of a small one. */
export interface ContentHash { kind: 'sha256' | 'git-sha1'; hex: string }

/** The hash that an ETag of the hub is; undefined for any other ETag. */
export function contentHashOf(etag: string): ContentHash | undefined {
  const plain = etag.trim().replace(/^W\//, '').replace(/^"(.*)"$/, '$1').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(plain)) return { kind: 'sha256', hex: plain };
  return /^[0-9a-f]{40}$/.test(plain) ? { kind: 'git-sha1', hex: plain } : undefined;
}

/** Whether a file on this disk has that content, read as a stream. */
export async function hasContent(file: string, { kind, hex }: ContentHash): Promise<boolean> {
  const hash = createHash(kind === 'sha256' ? 'sha256' : 'sha1');
  // What git hashes: gitformat-pack(5), "blob", the length in decimal digits, a zero byte, the content.
  if (kind === 'git-sha1') hash.update(`blob ${(await stat(file)).size}\0`);
  for await (const part of createReadStream(file)) hash.update(part);
  return hash.digest('hex') === hex;
}
