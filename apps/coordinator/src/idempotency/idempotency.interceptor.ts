import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { sha256, toHex, utf8 } from '@seedfleet/ledger';
import { isCreation, routes } from '@seedfleet/protocol';
import { type Request, type Response } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { routeNameOf } from '../app/handles.js';
import { serverLimits } from '../app/limits.js';
import { RetryLaterError } from '../app/retry-later-error.js';
import { Clock } from '../app/surroundings.js';
import { callerOf } from '../operators/access.guard.js';
import { AnswerVault } from './answer-vault.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** Visible ASCII, as a header may carry it. */
const keyPattern = /^[\x21-\x7e]{1,255}$/;

/**
 * POST that creates, under an Idempotency-Key: made once, answered alike each time for a day (draft-ietf-httpapi-idempotency-key-header).
 * A refused request gives its key back: it made nothing.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly repository: IdempotencyRepository, private readonly vault: AnswerVault, private readonly clock: Clock) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const name = context.getType() === 'http' ? routeNameOf(context) : undefined;
    if (name === undefined || !isCreation(routes[name])) return next.handle();
    const request = context.switchToHttp().getRequest<Request>();
    const key = request.get('idempotency-key');
    const caller = callerOf(request);
    if (key === undefined || caller.kind !== 'operator') return next.handle();
    if (!keyPattern.test(key)) throw new FleetError('request.invalid', { field: 'Idempotency-Key', problem: 'The key is not 1 to 255 visible ASCII characters.' });
    const requestHash = sha256(utf8(JSON.stringify([name, request.params, request.body ?? {}])));
    return from(this.once({ caller: caller.id, key }, requestHash, { make: () => lastValueFrom(next.handle()), response: context.switchToHttp().getResponse<Response>() }));
  }

  private async once(id: { caller: string; key: string }, requestHash: Uint8Array, { make, response }: { make: () => Promise<unknown>; response: Response }): Promise<unknown> {
    const at = this.clock.now();
    const known = await this.repository.claim(id, { requestHash, at, oldest: new Date(at.getTime() - serverLimits.idempotencySeconds * 1000) });
    if (known === null) return this.make(id, make);
    if (toHex(known.requestHash) !== toHex(requestHash)) throw new FleetError('request.key-reused', { field: 'Idempotency-Key', problem: 'This key came with another request before.' });
    if (known.answer === null) throw new RetryLaterError('request.in-progress', { field: 'Idempotency-Key', problem: 'The first request with this key has not been answered.', seconds: 1 });
    response.set('Idempotency-Replayed', 'true');
    return this.vault.open(known.answer);
  }

  private async make(id: { caller: string; key: string }, make: () => Promise<unknown>): Promise<unknown> {
    let answer: unknown;
    try {
      answer = await make();
    } catch (error) {
      await this.repository.release(id);
      throw error;
    }
    await this.repository.saveAnswer(id, this.vault.seal(answer));
    return answer;
  }
}
