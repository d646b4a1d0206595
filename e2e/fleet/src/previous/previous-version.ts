import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { workspaceFolder } from '@seedfleet/example-sentiment';

/** The release that this one is upgraded from. Written by hand at a release: docs/operations.md, "Versions". */
export interface PreviousVersion {
  version: string;
  /** what was released; a tag may be moved or missing in a clone, a commit is not */
  commit: string;
  /** the protocol that its workers speak */
  protocol: number;
}

export const previousVersion = JSON.parse(readFileSync(`${workspaceFolder}/e2e/fleet/previous-version.json`, 'utf8')) as PreviousVersion;

const git = (...args: string[]): string => execFileSync('git', ['-C', workspaceFolder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** Whether the commit can be read here: not from a shallow clone, nor from an archive without its history. */
export function historyHere(): 'whole' | 'shallow' | 'none' {
  try {
    if (git('cat-file', '-t', previousVersion.commit) === 'commit') return 'whole';
  } catch { /* asked below why not */ }
  try {
    return git('rev-parse', '--is-shallow-repository') === 'true' ? 'shallow' : 'none';
  } catch {
    return 'none';
  }
}
