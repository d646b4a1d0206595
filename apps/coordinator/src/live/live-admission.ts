import { Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { type OperatorRole } from '@seedfleet/protocol';
import { type Socket } from 'socket.io';
import { type Admitted } from '../operators/access.repository.js';
import { ApiTokensService } from '../operators/api-tokens.service.js';
import { crossSitePrefix, crossSiteProofOf, sessionSecretOf } from '../operators/session-cookie.js';
import { SignInService } from '../operators/sign-in.service.js';

/** Who is at the other end of a console's connection, and by what. */
export interface LiveSession {
  operator: string;
  role: OperatorRole;
  /** when what let them in ends; null: not by itself */
  until: Date | null;
}

/** Lets operators in by what the REST API takes: an API token, or the cookie of a session with the proof beside it. */
@Injectable()
export class LiveAdmission {
  constructor(private readonly tokens: ApiTokensService, private readonly sessions: SignInService) {}

  /** @throws FleetError `operator.unauthenticated`, `operator.cross-site` */
  async admit({ auth, headers }: Pick<Socket['handshake'], 'auth' | 'headers'>): Promise<LiveSession> {
    const token: unknown = auth['token'];
    if (typeof token !== 'string' || token === '') throw new FleetError('operator.unauthenticated', { field: 'auth.token', problem: 'The connection has no API token and no proof of a session.' });
    const { id, role, until } = token.startsWith(crossSitePrefix) ? await this.bySession(token, headers) : await this.tokens.authenticate(token);
    return { operator: id, role, until };
  }

  /** A page of another site can open a connection with the cookie, but does not know the proof. */
  private async bySession(proof: string, headers: Socket['handshake']['headers']): Promise<Admitted> {
    const secret = sessionSecretOf({ headers });
    const session = secret === null ? null : await this.sessions.find(secret);
    if (secret === null || session === null) throw new FleetError('operator.unauthenticated', { field: 'auth.token', problem: 'The session is over.' });
    if (proof !== crossSiteProofOf(secret)) throw new FleetError('operator.cross-site', { field: 'auth.token', problem: 'The connection does not prove that it comes from the console.' });
    return session;
  }
}
