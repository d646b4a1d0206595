import { stringify } from 'yaml';
import { type OutputFormat } from './printer.js';

/** An error as the terminal shows it: ours or the coordinator's. */
export interface ShownError {
  code: string;
  problem: string;
  fix: string;
  field?: string;
  retryable: boolean;
}

/** Problem, then fix; to programs the same in one object. */
export function errorText(error: ShownError, format: OutputFormat): string {
  if (format === 'yaml') return stringify({ error });
  if (format !== 'table') return `${JSON.stringify({ error })}\n`;
  const field = error.field === undefined ? '' : ` (${error.field})`;
  return `Problem: ${error.problem}${field}\nFix:     ${error.fix}\nCode:    ${error.code}\n`;
}
