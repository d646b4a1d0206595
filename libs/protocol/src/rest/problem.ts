import { FleetError, errors, toRefusal, type Refusal } from '@seedfleet/errors';
import { z } from 'zod';
import { problemOfIssue } from '../problem-of-issue.js';

/** Media type of every error of the REST API (RFC 9457). */
export const problemMediaType = 'application/problem+json';

/** What every failed request is answered with (RFC 9457), `code`, `fix` and `field` being ours. */
export const problemSchema = z.object({
  /** page that explains the code */
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  code: z.string(),
  /** what was wrong with this request */
  detail: z.string(),
  /** what to do about it */
  fix: z.string(),
  field: z.string().optional(),
  retryable: z.boolean(),
  /** only with `upload.offset`: the bytes that the coordinator has */
  offset: z.int().min(0).optional(),
  /** only with `state.transition`: the state that it is in now */
  state: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** The problem document of an error; anything but a FleetError becomes `internal.failure`, without its message. */
export function toProblem(error: unknown): Problem {
  const refusal = toRefusal(error);
  return {
    type: `docs/errors.md#${refusal.code.replace('.', '')}`,
    title: refusal.code.replace(/[.-]/g, ' '),
    status: error instanceof FleetError ? error.http : errors['internal.failure'].http,
    code: refusal.code,
    detail: refusal.problem,
    fix: refusal.fix,
    retryable: refusal.retryable,
    ...(refusal.field === undefined ? {} : { field: refusal.field }),
  };
}

/** The refusal inside a problem document, for clients that show both kinds of errors alike. */
export function refusalOfProblem(problem: Problem): Omit<Refusal, 'code'> & { code: string } {
  return {
    code: problem.code,
    problem: problem.detail,
    fix: problem.fix,
    retryable: problem.retryable,
    ...(problem.field === undefined ? {} : { field: problem.field }),
  };
}

/**
 * A request body, query or path checked against its schema.
 * @throws FleetError `request.invalid` with field and problem, never with the value
 */
export function parseRequest<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { field, problem } = problemOfIssue(parsed.error);
  throw new FleetError('request.invalid', { problem, ...(field === '' ? {} : { field }) });
}
