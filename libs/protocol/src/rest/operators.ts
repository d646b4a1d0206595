import { z } from 'zod';
import { displayName, instant, opaqueId } from './fields.js';

/** What an operator may do: a viewer reads, an operator works with devices, models and runs, an admin may do everything. */
export const operatorRoles = ['viewer', 'operator', 'admin'] as const;
export const operatorRole = z.enum(operatorRoles);
export type OperatorRole = z.infer<typeof operatorRole>;

/** Who the request comes from, and what they may do with it: a token may be scoped to less than its operator's role. */
export const whoamiSchema = z.object({ name: z.string(), role: operatorRole });
export type Whoami = z.infer<typeof whoamiSchema>;

export const operatorSchema = z.object({
  id: opaqueId,
  name: z.string(),
  role: operatorRole,
  createdAt: instant,
  /** since when the operator is shut out; null: not */
  disabledAt: instant.nullable(),
  /** whether there is a password to sign in with */
  hasPassword: z.boolean(),
  /** whether they sign in at the identity provider */
  hasIdentity: z.boolean(),
});
export type OperatorRow = z.infer<typeof operatorSchema>;

export const inviteRequest = z.strictObject({ name: displayName, role: operatorRole });
export const roleRequest = z.strictObject({ role: operatorRole });

/** The only answer that holds the invitation itself. `path` behind the console's address is the one-time link. */
export const invitationSchema = z.object({ operator: operatorSchema, invitation: z.string(), path: z.string(), expiresAt: instant });
export type Invitation = z.infer<typeof invitationSchema>;

/** A new password: length is what counts (NIST SP 800-63B section 3.1.1.2: at least 8 beside another factor, 15 without; we ask 12 and lock out). */
const newPassword = z.string().min(12).max(256);

/** `name` only counts with the link of the first start: later ones were invited under theirs. */
export const acceptInvitationRequest = z.strictObject({ invitation: z.string().min(1).max(255), name: displayName.optional(), password: newPassword });
export const signInRequest = z.strictObject({ name: displayName, password: z.string().min(1).max(256) });

/** By what means people may sign in here. `path` begins the way over the identity provider, in a browser. */
export const signInMeansSchema = z.object({ password: z.boolean(), identityProvider: z.object({ name: z.string(), path: z.string() }).nullable() });
export type SignInMeans = z.infer<typeof signInMeansSchema>;

/** Where in the console somebody wants to be after signing in: a path of this coordinator and no other address. */
const returnPath = z.string().max(255).regex(/^\/(?![/\\])[^\p{Cc}\\]*$/u);
export const identityStartQuery = z.strictObject({ returnTo: returnPath.default('/') });
/** What the identity provider sends a browser back with; anything else that it adds is for the OpenID client to judge. */
export const identityAnswerQuery = z.looseObject({ state: z.string().max(255).optional(), code: z.string().max(4_096).optional(), error: z.string().max(255).optional() });

/**
 * A session of the console. Its secret half is in an httpOnly cookie; `crossSiteProof` is the half that script may read. A request that
 * changes something carries both: the cookie, and `Authorization: Bearer <crossSiteProof>`, which no other site can send.
 */
export const operatorSessionSchema = z.object({ name: z.string(), role: operatorRole, crossSiteProof: z.string(), expiresAt: instant });
export type OperatorSession = z.infer<typeof operatorSessionSchema>;
/** What the cookie of the request stands for. */
export const currentSessionSchema = z.object({ session: operatorSessionSchema.nullable() });

export const apiTokenRequest = z.strictObject({
  name: displayName,
  /** at most the caller's; default: the caller's */
  role: operatorRole.optional(),
  expiresInSeconds: z.int().min(1).max(315_360_000).default(7_776_000),
});
export type ApiTokenRequest = z.input<typeof apiTokenRequest>;

export const apiTokenSchema = z.object({
  id: opaqueId,
  name: z.string(),
  operator: z.string(),
  role: operatorRole,
  createdAt: instant,
  /** null: never, as the first token of the home */
  expiresAt: instant.nullable(),
});
export type ApiToken = z.infer<typeof apiTokenSchema>;
/** The only answer that holds the token itself: the coordinator keeps its hash. */
export const newApiTokenSchema = apiTokenSchema.extend({ token: z.string() });
