import { type AckOf } from '@seedfleet/protocol';
import { type Finding } from './check.js';

type SentFinding = AckOf<'device:doctor'>['findings'][number];

/** Checks whose words, when they pass, hold nothing but versions, counts and what the coordinator knows already. */
const openChecks: ReadonlySet<string> = new Set(['node', 'key', 'policy', 'worker', 'coordinator', 'clock', 'admission', 'engine', 'compute', 'data']);

/**
 * What of the doctor's findings leaves the device: which check, how it ended, and the code of what went wrong; cause and fix are looked up by it.
 * Problems are told in words that may name files of this device, so they stay here unless its owner says otherwise.
 */
export function sentFindings(findings: readonly Finding[], { sharesPaths }: { sharesPaths: boolean }): SentFinding[] {
  return findings.map(({ check, result, code, detail }): SentFinding => ({
    check, result,
    ...(code === null ? {} : { code }),
    ...(result === 'passed' && (sharesPaths || openChecks.has(check)) ? { detail: detail.slice(0, detailCharactersMax) } : {}),
    ...(result === 'failed' && sharesPaths ? { problem: detail.slice(0, detailCharactersMax) } : {}),
  }));
}

const detailCharactersMax = 500;
