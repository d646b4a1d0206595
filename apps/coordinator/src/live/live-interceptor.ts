import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { kindsChangedBy, routes } from '@seedfleet/protocol';
import { type Request } from 'express';
import { tap, type Observable } from 'rxjs';
import { routeNameOf } from '../app/handles.js';
import { LiveChanges } from './live-changes.js';

/** Whatever an operator or a device changes over REST is told to those who look: its kind by the path, its id from the path or the answer. */
@Injectable()
export class LiveInterceptor implements NestInterceptor {
  constructor(private readonly changes: LiveChanges) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const name = context.getType() === 'http' ? routeNameOf(context) : undefined;
    if (name === undefined || routes[name].method === 'GET') return next.handle();
    const kinds = kindsChangedBy(routes[name].path);
    const { params } = context.switchToHttp().getRequest<Request>();
    return next.handle().pipe(tap((answer: unknown) => {
      // A branch is made below the run that it begins with: both are told.
      const ids = [params['id'], idOf(answer)].filter((id) => typeof id === 'string' || typeof id === 'number');
      for (const kind of kinds) for (const id of ids.length === 0 ? [null] : ids) this.changes.tell(kind, id);
    }));
  }
}

function idOf(answer: unknown): string | number | null {
  if (typeof answer !== 'object' || answer === null) return null;
  // An enrolment is answered with the id of the device.
  const id: unknown = 'id' in answer ? answer.id : 'device' in answer ? answer.device : null;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
