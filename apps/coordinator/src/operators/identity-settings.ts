import { FleetError } from '@seedfleet/errors';
import { operatorRole, type OperatorRole } from '@seedfleet/protocol';

/** The OpenID Connect provider at which people may sign in, and what it takes to be somebody here. */
export interface IdentitySettings {
  issuer: string;
  clientId: string;
  /** null: a public client, which proves itself by PKCE alone */
  clientSecret: string | null;
  /** what the button of the sign-in page says */
  name: string;
  scopes: string;
  roleClaim: string;
  /** role by value of the claim; `*` is everybody whom the provider vouches for */
  roles: ReadonlyMap<string, OperatorRole>;
  /** subjects, or domains behind an @; none: whoever has a role */
  allow: readonly string[];
}

interface IdentityVariables {
  SEEDFLEET_OIDC_ISSUER?: string | undefined;
  SEEDFLEET_OIDC_CLIENT_ID?: string | undefined;
  SEEDFLEET_OIDC_CLIENT_SECRET?: string | undefined;
  SEEDFLEET_OIDC_NAME: string;
  SEEDFLEET_OIDC_SCOPES: string;
  SEEDFLEET_OIDC_ROLE_CLAIM: string;
  SEEDFLEET_OIDC_ROLES: string;
  SEEDFLEET_OIDC_ALLOW: string;
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** @returns null without an issuer @throws FleetError `settings.invalid` naming the variable */
export function readIdentitySettings(variables: IdentityVariables): IdentitySettings | null {
  const issuer = variables.SEEDFLEET_OIDC_ISSUER;
  if (issuer === undefined) return null;
  const { protocol, hostname } = new URL(issuer);
  // Whoever sits between could vouch for anybody.
  if (protocol !== 'https:' && !loopback.test(hostname)) throw invalid('SEEDFLEET_OIDC_ISSUER', 'an identity provider on another machine is reached by https only');
  if (variables.SEEDFLEET_OIDC_CLIENT_ID === undefined) throw invalid('SEEDFLEET_OIDC_CLIENT_ID', 'the client id at the identity provider is missing');
  return {
    issuer, clientId: variables.SEEDFLEET_OIDC_CLIENT_ID, clientSecret: variables.SEEDFLEET_OIDC_CLIENT_SECRET ?? null,
    name: variables.SEEDFLEET_OIDC_NAME, scopes: variables.SEEDFLEET_OIDC_SCOPES, roleClaim: variables.SEEDFLEET_OIDC_ROLE_CLAIM,
    roles: rolesOf(variables.SEEDFLEET_OIDC_ROLES), allow: listOf(variables.SEEDFLEET_OIDC_ALLOW),
  };
}

function rolesOf(text: string): Map<string, OperatorRole> {
  const roles = new Map(listOf(text).map((pair) => {
    // The value comes from outside and may hold a "=" itself.
    const at = pair.lastIndexOf('=');
    const role = operatorRole.safeParse(pair.slice(at + 1).trim());
    if (at < 1 || !role.success) throw invalid('SEEDFLEET_OIDC_ROLES', 'expected value=role, separated by commas, the role being viewer, operator or admin');
    return [pair.slice(0, at).trim(), role.data] as const;
  }));
  if (roles.size === 0) throw invalid('SEEDFLEET_OIDC_ROLES', 'without it nobody gets a role: `*=viewer` lets everybody read');
  return roles;
}

const listOf = (text: string) => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

function invalid(field: string, problem: string): FleetError {
  return new FleetError('settings.invalid', { field, problem: `The environment is not valid: ${field}: ${problem}.` });
}
