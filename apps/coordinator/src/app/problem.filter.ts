import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { problemMediaType, toProblem, type Problem } from '@seedfleet/protocol';
import { type Request, type Response } from 'express';
import { UploadOffsetError } from '../models/upload-offset-error.js';
import { Logger } from './logger.js';
import { RetryLaterError } from './retry-later-error.js';
import { StateConflictError } from './state-conflict-error.js';

/** What a retryable 503 asks for: runs and database are back within seconds or not at all. */
const unavailableRetrySeconds = 1;

/** What Nest, the body parser and the throttler throw, as errors of the catalog. Their own messages may hold input: dropped. */
function asFleetError(error: unknown, request: Request): unknown {
  if (error instanceof FleetError) return error;
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  switch (status) {
    case 404: return new FleetError('request.unknown-route', { problem: `There is no ${request.method} ${request.path}.` });
    case 413: return new FleetError('request.too-large', { problem: 'The body is larger than one request may be.' });
    case 429: return new FleetError('request.rate-limited', { problem: 'Too many requests came from this address in one minute.' });
    case 400: return new FleetError('request.invalid', { problem: 'The body is not JSON.' });
    default: return error;
  }
}

function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number' ? error.status : undefined;
}

/** Answers every failed request with a problem document (RFC 9457). Only failures of our own are logged, without the request. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const known = asFleetError(error, request);
    if (!(known instanceof FleetError)) this.logger.failure('request.failed', known, { method: request.method, route: request.route?.path });
    const problem: Problem = {
      ...toProblem(known), ...(known instanceof UploadOffsetError ? { offset: known.offset } : {}), ...(known instanceof StateConflictError ? { state: known.state } : {}),
    };
    if (!response.headersSent) setRetryAfter(response, { known, problem });
    // A download that broke in the middle has its headers out already: the cut connection is the answer.
    if (response.headersSent) response.destroy();
    else response.status(problem.status).type(problemMediaType).send(JSON.stringify(problem));
  }
}

/** What passes with time says when to come again (RFC 9110, 10.2.3). The throttler has said it itself. */
function setRetryAfter(response: Response, { known, problem }: { known: unknown; problem: Problem }): void {
  if (known instanceof RetryLaterError) response.set('Retry-After', String(known.seconds));
  else if (problem.retryable && (problem.status === 503 || problem.status === 429) && response.get('Retry-After') === undefined) response.set('Retry-After', String(unavailableRetrySeconds));
}
