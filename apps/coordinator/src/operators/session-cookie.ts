import { sha256, toHex, utf8 } from '@seedfleet/ledger';
import { type Request, type Response } from 'express';

const cookieName = 'seedfleet-session';
export const crossSitePrefix = 'sfc_';

/** The half of a session that script may read. Nothing follows from it without the cookie, and the cookie does not follow from it. */
export function crossSiteProofOf(secret: string): string {
  return `${crossSitePrefix}${toHex(sha256(utf8('seedfleet/cross-site/v1'), utf8(secret)))}`;
}

/** The secret in the cookie of a request. */
export function sessionSecretOf(request: Pick<Request, 'headers'>): string | null {
  return cookieOf(request, cookieName);
}

/** A cookie of a request, or of a handshake; null: none of this name. */
export function cookieOf({ headers }: Pick<Request, 'headers'>, wanted: string): string | null {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === wanted && value !== undefined && value !== '') return value;
  }
  return null;
}

/** Behind TLS, ended here or by a proxy, the cookie never travels in the clear. Whoever sets the header themselves only harms themselves. */
export const isEncrypted = (request: Request) => request.secure || request.headers['x-forwarded-proto'] === 'https';

/** The address that the browser asked for. */
export const addressOf = (request: Request) => `${isEncrypted(request) ? 'https' : 'http'}://${request.get('host')}`;

export function setSessionCookie(request: Request, response: Response, { secret, seconds }: { secret: string; seconds: number }): void {
  response.cookie(cookieName, secret, { httpOnly: true, sameSite: 'strict', secure: isEncrypted(request), maxAge: seconds * 1000, path: '/' });
}

export function clearSessionCookie(request: Request, response: Response): void {
  response.clearCookie(cookieName, { httpOnly: true, sameSite: 'strict', secure: isEncrypted(request), path: '/' });
}
