import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { operatorRoles, routes, type RouteRole } from '@seedfleet/protocol';
import { type Request } from 'express';
import { routeNameOf } from '../app/handles.js';
import { DeviceAccess } from '../devices/device-access.js';
import { type Admitted } from './access.repository.js';
import { ApiTokensService, apiTokenPrefix } from './api-tokens.service.js';
import { crossSitePrefix, crossSiteProofOf, sessionSecretOf } from './session-cookie.js';
import { SignInService } from './sign-in.service.js';

export interface OperatorCaller extends Admitted {
  kind: 'operator';
  /** by the cookie of the console, not by an API token */
  isSession: boolean;
}

/** Who asks. */
export type Caller = OperatorCaller | { kind: 'device'; id: string } | { kind: 'anyone' };

const callers = new WeakMap<Request, Caller>();

/** Whoever sends this request, once the guard has let it in. */
export function callerOf(request: Request): Caller {
  return callers.get(request) ?? { kind: 'anyone' };
}

function operatorOf(context: ExecutionContext): OperatorCaller {
  const caller = callerOf(context.switchToHttp().getRequest<Request>());
  if (caller.kind !== 'operator') throw new InvariantError('a route for operators was reached without one');
  return caller;
}

/** Name of the operator of a request whose route wants one. */
export const CallingOperator = createParamDecorator((_: unknown, context: ExecutionContext): string => operatorOf(context).name);

/** The operator of a request whose route wants one, with what they may do. */
export const CurrentOperator = createParamDecorator((_: unknown, context: ExecutionContext): OperatorCaller => operatorOf(context));

/** Whoever asks. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => callerOf(context.switchToHttp().getRequest<Request>()));

function bearerOf(request: Request): string | null {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && token !== undefined && token !== '' ? token : null;
}

/** The one place where roles are enforced: every route, by the role that the protocol's route table names. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly tokens: ApiTokensService, private readonly sessions: SignInService, private readonly devices: DeviceAccess) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true; // Sockets show their credential in the handshake.
    const name = routeNameOf(context);
    if (name === undefined) throw new InvariantError('a handler without a route in the table');
    const request = context.switchToHttp().getRequest<Request>();
    callers.set(request, await this.admit(routes[name].role, request));
    return true;
  }

  private async admit(role: RouteRole, request: Request): Promise<Caller> {
    if (role === 'anyone') return { kind: 'anyone' };
    const bearer = bearerOf(request);
    const isDevice = bearer !== null && !bearer.startsWith(apiTokenPrefix) && !bearer.startsWith(crossSitePrefix);
    if (role === 'device' || (role === 'viewer-or-device' && isDevice)) return { kind: 'device', id: (await this.devices.admit(bearer)).id };
    const operator = bearer === null || bearer.startsWith(crossSitePrefix) ? await this.admitSession(request, bearer) : { ...await this.tokens.authenticate(bearer), isSession: false };
    const least = role === 'viewer-or-device' ? 'viewer' : role;
    if (operatorRoles.indexOf(operator.role) < operatorRoles.indexOf(least)) {
      throw new FleetError('operator.forbidden', { problem: `This needs the role ${least}; ${operator.name} is ${operator.role} here.` });
    }
    return { kind: 'operator', ...operator };
  }

  /** A browser sends the cookie whoever made it send the request: a change also needs the half that only the console's own script can read. */
  private async admitSession(request: Request, proof: string | null): Promise<Admitted & { isSession: true }> {
    const secret = sessionSecretOf(request);
    const session = secret === null ? null : await this.sessions.find(secret);
    if (secret === null || session === null) {
      throw new FleetError('operator.unauthenticated', { field: 'Authorization', problem: 'The request has no API token and no session that is still open.' });
    }
    if (proof === null ? request.method !== 'GET' : proof !== crossSiteProofOf(secret)) {
      throw new FleetError('operator.cross-site', { field: 'Authorization', problem: 'The request does not prove that it comes from the console.' });
    }
    return { ...session, isSession: true };
  }
}
