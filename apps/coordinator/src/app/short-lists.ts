import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { parseRequest, routes, shortListQuery } from '@seedfleet/protocol';
import { type Request } from 'express';
import { map, type Observable } from 'rxjs';
import { routeNameOf } from './handles.js';

/**
 * Pages of lists that are short by their nature and read whole: cut here, so that every list of the API has cursors. Without `limit` the whole list.
 */
@Injectable()
export class ShortListInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const name = context.getType() === 'http' ? routeNameOf(context) : undefined;
    if (name === undefined || routes[name].query !== shortListQuery) return next.handle();
    const query = parseRequest(shortListQuery, context.switchToHttp().getRequest<Request>().query);
    return next.handle().pipe(map((answer: { items: readonly unknown[] }) => pageOfList(answer.items, query)));
  }
}

/** @throws FleetError `request.invalid` for a cursor of an item that is gone */
export function pageOfList<T>(items: readonly T[], { cursor, limit = items.length }: { cursor?: string | undefined; limit?: number | undefined }): { items: T[]; next: string | null } {
  const before = cursor === undefined ? -1 : items.findIndex((item, index) => cursorOf(item, index) === cursor);
  if (cursor !== undefined && before === -1) throw new FleetError('request.invalid', { field: 'cursor', problem: 'The cursor is none of this list any more.', fix: 'Read the list from its beginning.' });
  const page = items.slice(before + 1, before + 1 + limit);
  const last = page.at(-1);
  return { items: page, next: last === undefined || before + 1 + page.length >= items.length ? null : cursorOf(last, before + page.length) };
}

/** Of an item the id, where it has one; else its place: lists without ids only grow at their end. */
function cursorOf(item: unknown, index: number): string {
  return typeof item === 'object' && item !== null && 'id' in item && typeof item.id === 'string' ? item.id : String(index);
}
