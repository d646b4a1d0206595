import { basename } from 'node:path';

/** A line of a data file as problems name it. The folder is left out: a problem may reach the operator, and a path says who somebody is. */
export function placeOf({ path, line }: { path: string; line: number }): string {
  return `${basename(path)}, line ${line}`;
}
