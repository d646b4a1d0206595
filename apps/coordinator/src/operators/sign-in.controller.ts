import { Controller, Req, Res, UseGuards } from '@nestjs/common';
import { Throttle, ThrottlerGuard } from '@nestjs/throttler';
import { type OperatorSession, type ResponseOf } from '@seedfleet/protocol';
import { type Request, type Response } from 'express';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { serverLimits } from '../app/limits.js';
import { CallingOperator } from './access.guard.js';
import { clearSessionCookie, sessionSecretOf, setSessionCookie } from './session-cookie.js';
import { SignInService, type SignedIn } from './sign-in.service.js';

const fewTries = { default: { limit: serverLimits.signInPerMinute, ttl: 60_000 } };

@Controller()
export class SignInController {
  constructor(private readonly sessions: SignInService) {}

  @Throttle(fewTries)
  @UseGuards(ThrottlerGuard)
  @Handles('createSession')
  async signIn(@Input() { body }: InputOf<'createSession'>, @Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<ResponseOf<'createSession'>> {
    return handOut(request, response, await this.sessions.signIn(body));
  }

  @Throttle(fewTries)
  @UseGuards(ThrottlerGuard)
  @Handles('acceptInvitation')
  async accept(@Input() { body }: InputOf<'acceptInvitation'>, @Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<ResponseOf<'acceptInvitation'>> {
    return handOut(request, response, await this.sessions.accept(body));
  }

  @Handles('showSession')
  async show(@Req() request: Request): Promise<ResponseOf<'showSession'>> {
    return { session: await this.sessions.describe(sessionSecretOf(request)) };
  }

  @Handles('deleteSession')
  async signOut(@CallingOperator() operator: string, @Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
    const secret = sessionSecretOf(request);
    if (secret !== null) await this.sessions.signOut(operator, secret);
    clearSessionCookie(request, response);
  }
}

function handOut(request: Request, response: Response, { secret, session }: SignedIn): OperatorSession {
  setSessionCookie(request, response, { secret, seconds: serverLimits.operatorSessionSeconds });
  return session;
}
