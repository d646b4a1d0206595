import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { FleetError, InvariantError } from '@seedfleet/errors';
import { operatorRoles, routes, type OperatorRole, type RouteRole } from '@seedfleet/protocol';
import { type Request } from 'express';
import { routeNameOf } from '../app/handles.js';
import { DeviceAccess } from '../devices/device-access.js';
import { OperatorsService } from './operators.service.js';

/** Who asks. */
export type Caller = { kind: 'operator'; name: string; role: OperatorRole } | { kind: 'device'; id: string } | { kind: 'anyone' };

const callers = new WeakMap<Request, Caller>();

/** The operator of a request whose route wants one. */
export const CallingOperator = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const caller = callers.get(context.switchToHttp().getRequest<Request>());
  if (caller?.kind !== 'operator') throw new InvariantError('a route for operators was reached without one');
  return caller.name;
});

/** Whoever asks. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => callers.get(context.switchToHttp().getRequest<Request>()) ?? { kind: 'anyone' });

function bearerOf(request: Request): string | null {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && token !== undefined && token !== '' ? token : null;
}

/** The one place where roles are enforced: every route, by the role that the protocol's route table names. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly operators: OperatorsService, private readonly devices: DeviceAccess) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true; // Sockets show their credential in the handshake.
    const name = routeNameOf(context);
    if (name === undefined) throw new InvariantError('a handler without a route in the table');
    const request = context.switchToHttp().getRequest<Request>();
    callers.set(request, await this.admit(routes[name].role, bearerOf(request)));
    return true;
  }

  private async admit(role: RouteRole, token: string | null): Promise<Caller> {
    if (role === 'anyone') return { kind: 'anyone' };
    if (token === null) throw new FleetError('operator.unauthenticated', { field: 'Authorization', problem: 'The request has no bearer token.' });
    const isDevice = !token.startsWith('sft_');
    if (role === 'device' || (role === 'viewer-or-device' && isDevice)) return { kind: 'device', id: (await this.devices.admit(token)).id };
    const operator = await this.operators.authenticate(token);
    const least = role === 'viewer-or-device' ? 'viewer' : role;
    if (operatorRoles.indexOf(operator.role) < operatorRoles.indexOf(least)) {
      throw new FleetError('operator.forbidden', { problem: `This needs the role ${least}; ${operator.name} is ${operator.role}.` });
    }
    return { kind: 'operator', ...operator };
  }
}
