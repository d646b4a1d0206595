import { FleetError, type ErrorCode } from '@seedfleet/errors';

/** One finding of the doctor. */
export interface Finding {
  check: string;
  result: 'passed' | 'failed' | 'skipped';
  /** What went wrong; null where nothing did. */
  code: ErrorCode | null;
  /** What was found: a version, a count; or the problem. */
  detail: string;
  fix: string | null;
}

export interface Check {
  name: string;
  /** What was found, in a few words. @throws FleetError the problem and how to fix it */
  look(): Promise<string> | string;
  /** Checks that must have passed before this one says anything. */
  after?: readonly string[];
}

/** Runs the checks in order; one that stands on a failed one is skipped. */
export async function examine(checks: readonly Check[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, look, after = [] } of checks) {
    const missing = after.find((needed) => findings.find(({ check }) => check === needed)?.result !== 'passed');
    if (missing !== undefined) {
      findings.push({ check: name, result: 'skipped', code: null, detail: `needs "${missing}"`, fix: null });
      continue;
    }
    try {
      findings.push({ check: name, result: 'passed', code: null, detail: await look(), fix: null });
    } catch (error) {
      const known = error instanceof FleetError ? error
        : new FleetError('internal.failure', { problem: error instanceof Error ? error.message : String(error), fix: 'Report this with the output of the doctor.' });
      findings.push({ check: name, result: 'failed', code: known.code, detail: known.problem, fix: known.fix });
    }
  }
  return findings;
}

/** Findings as lines for a terminal. */
export function printFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.map(({ check, result, detail, fix }) => {
    const line = `${result.toUpperCase().padEnd(7)}  ${check.padEnd(width)}  ${detail}`;
    return fix === null ? line : `${line}\n${' '.repeat(width + 11)}fix: ${fix}`;
  }).join('\n');
}
