import { createHash } from 'node:crypto';
import { type Request, type Response } from 'express';
import { Luck } from '../app/surroundings.js';
import { cookieOf, isEncrypted } from './session-cookie.js';

const cookieName = 'seedfleet-sign-in';
const cookiePath = '/api/v1/sign-in/identity';
const lifeMs = 600_000;

/** One try to sign in at the identity provider: what only this browser and the coordinator know of it. */
export interface IdentityAttempt {
  /** travels to the provider and back: proves that this browser began the try */
  state: string;
  /** comes back inside the ID token: proves that the token was made for this try */
  nonce: string;
  /** of PKCE (RFC 7636): proves to the provider that whoever brings the code began the try */
  verifier: string;
  returnTo: string;
}

/**
 * Nothing is kept here: the cookie holds 256 random bits, the time and where to go, and each secret is a hash of all of it. Whoever edits the
 * cookie has another state than the one that comes back.
 */
export function beginAttempt(request: Request, response: Response, { luck, nowMs, returnTo }: { luck: Luck; nowMs: number; returnTo: string }): IdentityAttempt {
  const value = [Buffer.from(luck.bytes(32)).toString('base64url'), nowMs, Buffer.from(returnTo).toString('base64url')].join('.');
  // Lax, as the way back begins at another site.
  response.cookie(cookieName, value, { httpOnly: true, sameSite: 'lax', secure: isEncrypted(request), maxAge: lifeMs, path: cookiePath });
  return attemptOf(value, returnTo);
}

/** @returns null if this browser began none, or too long ago */
export function readAttempt(request: Request, { nowMs }: { nowMs: number }): IdentityAttempt | null {
  const value = cookieOf(request, cookieName) ?? '';
  const [, began, returnTo] = /^[\w-]{43}\.(\d{1,15})\.([\w-]*)$/.exec(value) ?? [];
  if (began === undefined || returnTo === undefined || nowMs - Number(began) > lifeMs || Number(began) > nowMs) return null;
  return attemptOf(value, Buffer.from(returnTo, 'base64url').toString('utf8'));
}

/** A try is over, however it ended. */
export function endAttempt(request: Request, response: Response): void {
  response.clearCookie(cookieName, { httpOnly: true, sameSite: 'lax', secure: isEncrypted(request), path: cookiePath });
}

function attemptOf(value: string, returnTo: string): IdentityAttempt {
  const grown = (purpose: string) => createHash('sha256').update(`seedfleet/sign-in/${purpose}/v1\0${value}`).digest('base64url');
  return { state: grown('state'), nonce: grown('nonce'), verifier: grown('verifier'), returnTo };
}
