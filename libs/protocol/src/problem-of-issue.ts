import { type z } from 'zod';

/** Which field of a value is wrong, as a path with dots, and what is wrong with it. Says what was expected, never what was there. */
export interface FieldProblem {
  field: string;
  problem: string;
}

function expectationOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type': return `must be of type ${issue.expected}`;
    case 'too_small': return `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big': return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_value': return `must be one of: ${issue.values.join(', ')}`;
    case 'unrecognized_keys': return 'has a field that it must not have';
    case 'invalid_format': return `must have the format ${issue.format}`;
    case 'not_multiple_of': return `must be a multiple of ${issue.divisor}`;
    case 'custom': return issue.message.replace(/^expected /, 'must be ');
    default: return 'does not have the shape that it must have';
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  if (origin === 'array' || origin === 'set') return ' items long';
  return '';
}

/** The first problem that a schema found, without an echo of the value: the value may be somebody's data. */
export function problemOfIssue(error: z.ZodError): FieldProblem {
  const issue = error.issues[0];
  if (issue === undefined) return { field: '', problem: 'The value is not valid.' };
  const field = issue.path.map(String).join('.');
  return { field, problem: `${field === '' ? 'The value' : `Field ${field}`} ${expectationOf(issue)}.` };
}
