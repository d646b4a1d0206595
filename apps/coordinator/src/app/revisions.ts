import { createParamDecorator, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type Request, type Response } from 'express';
import { map, type Observable } from 'rxjs';

/** Answers that carry a `revision` carry it as their ETag, too (RFC 9110, 8.8.3). */
@Injectable()
export class RevisionInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((answer: unknown) => {
      if (typeof answer === 'object' && answer !== null && 'revision' in answer && typeof answer.revision === 'number') {
        context.switchToHttp().getResponse<Response>().setHeader('ETag', `"${answer.revision}"`);
      }
      return answer;
    }));
  }
}

/** The revision that the caller saw, out of If-Match; null where the header is missing or `*`. @throws FleetError `request.invalid` */
export const ExpectedRevision = createParamDecorator((_: unknown, context: ExecutionContext): number | null => {
  const header = context.switchToHttp().getRequest<Request>().headers['if-match'];
  if (header === undefined || header === '*') return null;
  const [, revision] = /^"(\d{1,9})"$/.exec(header) ?? [];
  if (revision === undefined) throw new FleetError('request.invalid', { field: 'If-Match', problem: 'expected the ETag of an earlier answer' });
  return Number(revision);
});

/** @param expected what the caller saw, null for whatever there is; @throws FleetError `request.stale` */
export function requireRevision(expected: number | null, current: number | null): void {
  if (expected === null || expected === current) return;
  throw new FleetError('request.stale', { field: 'If-Match', problem: 'Somebody else changed it since you looked.' });
}
