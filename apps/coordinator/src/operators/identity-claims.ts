import { FleetError } from '@seedfleet/errors';
import { operatorRoles, type OperatorRole } from '@seedfleet/protocol';
import { type IdentitySettings } from './identity-settings.js';

/** What the provider said of a person, after every check of the OpenID client. `sub` is theirs for ever, the rest may change. */
export interface IdentityClaims extends Record<string, unknown> {
  sub: string;
}

/**
 * What a person may do here. The highest role that any value of the claim gives; nobody without one comes in.
 * @throws FleetError `identity.not-allowed`, `identity.no-role`
 */
export function roleOfClaims(claims: IdentityClaims, { roleClaim, roles, allow }: Pick<IdentitySettings, 'roleClaim' | 'roles' | 'allow'>): OperatorRole {
  if (allow.length > 0 && !allow.some((entry) => (entry.startsWith('@') ? domainOf(claims) === entry.slice(1).toLowerCase() : claims.sub === entry))) {
    throw new FleetError('identity.not-allowed', { problem: 'Neither the subject nor the domain of a verified address is among those that may come in.' });
  }
  const given = ['*', ...valuesOf(claims, roleClaim)].flatMap((value) => roles.get(value) ?? []);
  const rank = Math.max(...given.map((role) => operatorRoles.indexOf(role)));
  const role = operatorRoles[rank];
  if (role === undefined) throw new FleetError('identity.no-role', { field: roleClaim, problem: 'What the identity provider says of this person gives no role here.' });
  return role;
}

/** Names to be known by here, best first. Two people may have the same; the subject they do not. */
export function namesOf({ preferred_username: username, name, email, sub }: IdentityClaims): string[] {
  return [username, name, email, sub].flatMap((value) => (typeof value === 'string' ? value.replace(/\p{Cc}/gu, '').trim().slice(0, 64) : [])).filter((value) => value !== '');
}

/** An address that nobody has checked could name any domain. */
function domainOf({ email, email_verified: verified }: IdentityClaims): string | null {
  if (typeof email !== 'string' || verified !== true) return null;
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase();
}

/** Values of a claim: a text or a list of them, under its name or, where there is none, step by step along its dots. */
function valuesOf(claims: IdentityClaims, path: string): string[] {
  const value = path in claims ? claims[path] : path.split('.').reduce<unknown>((at, step) => (typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? Object.entries(at).find(([key]) => key === step)?.[1] : undefined), claims);
  return (Array.isArray(value) ? value : [value]).filter((part): part is string => typeof part === 'string' && part !== '*');
}
