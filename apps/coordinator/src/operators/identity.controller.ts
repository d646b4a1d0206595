import { Controller, Inject, Req, Res, UseGuards } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import { routes, type ResponseOf } from '@seedfleet/protocol';
import { Throttle, ThrottlerGuard } from '@nestjs/throttler';
import { type Request, type Response } from 'express';
import { Handles, Input, type InputOf } from '../app/handles.js';
import { serverLimits } from '../app/limits.js';
import { type Settings } from '../app/settings.js';
import { settingsToken } from '../app/surroundings.module.js';
import { Clock, Luck } from '../app/surroundings.js';
import { beginAttempt, endAttempt, readAttempt } from './identity-attempt.js';
import { IdentityProvider } from './identity-provider.js';
import { IdentitySignInService } from './identity-sign-in.service.js';
import { addressOf, setSessionCookie } from './session-cookie.js';

const fewTries = { default: { limit: serverLimits.signInPerMinute, ttl: 60_000 } };

/** Sends browsers to the identity provider and takes them back. */
@Controller()
export class IdentityController {
  constructor(
    private readonly provider: IdentityProvider,
    private readonly people: IdentitySignInService,
    private readonly clock: Clock,
    private readonly luck: Luck,
    @Inject(settingsToken) private readonly settings: Pick<Settings, 'identity' | 'publicUrl'>,
  ) {}

  @Handles('showSignInMeans')
  means(): ResponseOf<'showSignInMeans'> {
    const { identity } = this.settings;
    return { password: true, identityProvider: identity === null ? null : { name: identity.name, path: routes.startIdentity.path } };
  }

  @Throttle(fewTries)
  @UseGuards(ThrottlerGuard)
  @Handles('startIdentity')
  async start(@Input() { query }: InputOf<'startIdentity'>, @Req() request: Request, @Res() response: Response): Promise<void> {
    await orAtTheDoor(request, response, async () => {
      const attempt = beginAttempt(request, response, { luck: this.luck, nowMs: this.clock.nowMs(), returnTo: query.returnTo });
      response.redirect(String(await this.provider.addressFor(attempt, this.answerAddress(request))));
    });
  }

  @Throttle(fewTries)
  @UseGuards(ThrottlerGuard)
  @Handles('finishIdentity')
  async finish(@Req() request: Request, @Res() response: Response): Promise<void> {
    await orAtTheDoor(request, response, async () => {
      this.provider.requireKnown();
      const attempt = readAttempt(request, { nowMs: this.clock.nowMs() });
      endAttempt(request, response);
      if (attempt === null) throw new FleetError('identity.state', { field: 'state', problem: 'This browser began no sign-in within the last ten minutes.' });
      const answer = new URL(this.answerAddress(request));
      answer.search = new URL(request.originalUrl, answer).search;
      const { secret } = await this.people.signIn(attempt, answer);
      setSessionCookie(request, response, { secret, seconds: serverLimits.operatorSessionSeconds });
      response.redirect(attempt.returnTo);
    });
  }

  /** Registered at the provider, which sends browsers nowhere else: a forged Host leads to its refusal. */
  private answerAddress(request: Request): string {
    return `${this.settings.publicUrl ?? addressOf(request)}${routes.finishIdentity.path}`;
  }
}

/** A browser is sent to the sign-in page, which has words for the code; anything else gets the problem document. */
async function orAtTheDoor(request: Request, response: Response, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof FleetError) || request.accepts(['json', 'html']) !== 'html') throw error;
    response.redirect(`/#sign-in-refused=${error.code}`);
  }
}
