import { readFileSync } from 'node:fs';
import { type VectorFiles } from './observe.js';

/** One of this folder's files. */
export function readVectors<Name extends keyof VectorFiles>(name: Name): VectorFiles[Name] {
  return JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as VectorFiles[Name];
}

export function readAllVectors(): VectorFiles {
  return { rfc8439: readVectors('rfc8439'), replay: readVectors('replay'), normal: readVectors('normal'), frozen: readVectors('frozen') };
}
