import { createParamDecorator, Injectable, SetMetadata, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { canonicalBytes, sha256, toHex } from '@seedfleet/ledger';
import { type Request, type Response } from 'express';
import { map, type Observable } from 'rxjs';

const partsKey = 'seedfleet:etag-parts';

/** Gives the answers of a handler an ETag where the thing counts no changes: a hash of those parts of it that a request may change. */
export const Tagged = <T>(partsOf: (answer: T) => unknown): MethodDecorator => SetMetadata(partsKey, partsOf);

/** 64 bits of a hash: enough to tell one state of a thing from the one before. */
export function tagOf(parts: unknown): string {
  return toHex(sha256(canonicalBytes(parts))).slice(0, 16);
}

/** Answers that carry a `revision`, or are tagged by their parts, carry it as their ETag, too (RFC 9110, 8.8.3). */
@Injectable()
export class RevisionInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const partsOf = Reflect.getMetadata(partsKey, context.getHandler()) as ((answer: unknown) => unknown) | undefined;
    return next.handle().pipe(map((answer: unknown) => {
      const tag = partsOf !== undefined ? tagOf(partsOf(answer)) : typeof answer === 'object' && answer !== null && 'revision' in answer && typeof answer.revision === 'number' ? String(answer.revision) : null;
      // The tag says nothing of the rest (presence, counts, last answers): a browser that keeps the answer and asks by the tag would be told 304 and show an old one.
      if (tag !== null) context.switchToHttp().getResponse<Response>().setHeader('ETag', `"${tag}"`).setHeader('Cache-Control', 'no-store');
      return answer;
    }));
  }
}

/** The revision that the caller saw, out of If-Match; null where the header is missing or `*`. @throws FleetError `request.invalid` */
export const ExpectedRevision = createParamDecorator((_: unknown, context: ExecutionContext): number | null => {
  const revision = expectedTag(context, /^"(\d{1,9})"$/);
  return revision === null ? null : Number(revision);
});

/** The same of a thing that is tagged by its parts. */
export const ExpectedTag = createParamDecorator((_: unknown, context: ExecutionContext): string | null => expectedTag(context, /^"([0-9a-f]{16})"$/));

function expectedTag(context: ExecutionContext, form: RegExp): string | null {
  const header = context.switchToHttp().getRequest<Request>().headers['if-match'];
  if (header === undefined || header === '*') return null;
  const [, tag] = form.exec(header) ?? [];
  if (tag === undefined) throw new FleetError('request.invalid', { field: 'If-Match', problem: 'expected the ETag of an earlier answer' });
  return tag;
}

/** @param expected what the caller saw, null for whatever there is; @throws FleetError `request.stale` */
export function requireRevision<R extends number | string>(expected: R | null, current: R | null): void {
  if (expected === null || expected === current) return;
  throw new FleetError('request.stale', { field: 'If-Match', problem: 'Somebody else changed it since you looked.' });
}
