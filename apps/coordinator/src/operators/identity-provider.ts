import { Inject, Injectable } from '@nestjs/common';
import { FleetError } from '@seedfleet/errors';
import * as openid from 'openid-client';
import { Logger } from '../app/logger.js';
import { type Settings } from '../app/settings.js';
import { settingsToken } from '../app/surroundings.module.js';
import { type IdentityAttempt } from './identity-attempt.js';
import { type IdentityClaims } from './identity-claims.js';
import { type IdentitySettings } from './identity-settings.js';

/** What one request to the provider may take. */
const timeoutSeconds = 10;
/** by how much its clock may differ from ours */
const clockToleranceSeconds = 30;

/** The OpenID Connect provider: authorization code with PKCE, state and nonce; the ID token's signature is always checked. */
@Injectable()
export class IdentityProvider {
  private configuration: Promise<openid.Configuration> | null = null;

  constructor(@Inject(settingsToken) private readonly settings: Pick<Settings, 'identity'>, private readonly logger: Logger) {}

  /** @throws FleetError `identity.off` */
  requireKnown(): IdentitySettings {
    if (this.settings.identity === null) throw new FleetError('identity.off', { problem: 'This coordinator knows no identity provider.' });
    return this.settings.identity;
  }

  /** Where to send the browser. @throws FleetError `identity.off`, `identity.unreachable` */
  async addressFor({ state, nonce, verifier }: IdentityAttempt, redirectUri: string): Promise<URL> {
    const configuration = await this.configured();
    return openid.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri, scope: this.requireKnown().scopes, state, nonce, code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    });
  }

  /**
   * Who came back. Claims of the ID token, with those of the userinfo endpoint where there is one: the token counts.
   * @param answer the redirect URI with what the provider added
   * @throws FleetError `identity.off`, `identity.unreachable`, `identity.state`, `identity.denied`, `identity.answer`
   */
  async claimsOf({ state, nonce, verifier }: IdentityAttempt, answer: URL): Promise<IdentityClaims> {
    const configuration = await this.configured();
    if (answer.searchParams.get('state') !== state) throw new FleetError('identity.state', { field: 'state', problem: 'The answer belongs to another try to sign in than the one that this browser began.' });
    try {
      const tokens = await openid.authorizationCodeGrant(configuration, answer, { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true });
      const claims = tokens.claims();
      if (claims === undefined) throw new FleetError('identity.answer', { problem: 'The identity provider sent no ID token.' });
      const more = configuration.serverMetadata().userinfo_endpoint === undefined ? {} : await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub);
      return { ...more, ...claims };
    } catch (error) {
      throw this.refusalOf(error);
    }
  }

  /** Read once; after a failure again at the next try. */
  private configured(): Promise<openid.Configuration> {
    const { issuer, clientId, clientSecret } = this.requireKnown();
    return this.configuration ??= openid.discovery(new URL(issuer), clientId, {}, clientSecret === null ? openid.None() : openid.ClientSecretBasic(clientSecret), {
      timeout: timeoutSeconds, execute: [openid.enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [openid.allowInsecureRequests] : [])],
    }).then((configuration) => {
      configuration.timeout = timeoutSeconds;
      return Object.assign(configuration, { [openid.clockTolerance]: clockToleranceSeconds });
    }).catch((error: unknown) => {
      this.configuration = null;
      this.logger.warning('operators.identity-unreachable', { check: checkOf(error) });
      throw new FleetError('identity.unreachable', { problem: 'The identity provider does not answer as one.' });
    });
  }

  private refusalOf(error: unknown): FleetError {
    if (error instanceof FleetError) return error;
    if (error instanceof openid.AuthorizationResponseError) return new FleetError('identity.denied', { field: 'error', problem: 'The identity provider refused to let this person in.' });
    this.logger.warning('operators.identity-refused', { check: checkOf(error) });
    // A failure of the network has no code of the OpenID client.
    const reached = error instanceof openid.ResponseBodyError || (error instanceof openid.ClientError && error.code !== undefined && !['OAUTH_TIMEOUT', 'OAUTH_ABORT'].includes(error.code));
    return reached
      ? new FleetError('identity.answer', { problem: 'What the identity provider answered does not prove who this is.' })
      : new FleetError('identity.unreachable', { problem: 'The identity provider did not answer.' });
  }
}

/** Which check failed, as the OpenID client says it: a code and its cause, never a token or a claim. */
function checkOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error ? String(error.code) : error.name;
  const cause = error.cause instanceof Error ? error.cause.message : '';
  return `${code}: ${error instanceof openid.ResponseBodyError ? error.error : error.message}${cause === '' ? '' : ` (${cause})`}`.slice(0, 300);
}
