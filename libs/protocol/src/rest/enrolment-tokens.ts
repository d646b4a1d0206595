import { z } from 'zod';
import { displayName, instant, opaqueId } from './fields.js';

/** Lets `usesMax` devices in until it expires; with `approval` they wait for an operator. */
export const enrolmentTokenRequest = z.strictObject({
  name: displayName.optional(),
  expiresInSeconds: z.int().min(1).max(31_536_000).default(86_400),
  usesMax: z.int().min(1).max(100_000).default(1),
  approval: z.boolean().default(false),
  /** id of a static group that the devices go into */
  group: opaqueId.optional(),
});
export type EnrolmentTokenRequest = z.input<typeof enrolmentTokenRequest>;

export const enrolmentTokenSchema = z.object({
  id: opaqueId,
  name: z.string().nullable(),
  createdAt: instant,
  expiresAt: instant,
  usesMax: z.int(),
  uses: z.int(),
  approval: z.boolean(),
  group: opaqueId.nullable(),
  /** the wiped device that comes back with it under a new key; null: it lets new devices in */
  returning: opaqueId.nullable(),
});
export type EnrolmentToken = z.infer<typeof enrolmentTokenSchema>;

/** For a wiped device that comes back under its old name, with its runs, groups and tags: one use. */
export const returnTokenRequest = z.strictObject({ expiresInSeconds: z.int().min(1).max(31_536_000).default(86_400) });

/** The only answer that holds the token itself: the coordinator keeps its hash. */
export const newEnrolmentTokenSchema = enrolmentTokenSchema.extend({ token: z.string() });
export type NewEnrolmentToken = z.infer<typeof newEnrolmentTokenSchema>;
