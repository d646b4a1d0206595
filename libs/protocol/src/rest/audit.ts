import { z } from 'zod';
import { instant, pageQuery, sha256Hex } from './fields.js';

/** One change: who, what, to what, when. hash = SHA-256(previousHash ‖ canonical JSON (RFC 8785) of the entry without its two hashes). */
export const auditEntrySchema = z.object({
  sequence: z.int().min(1),
  at: instant,
  /** operator's name, or `coordinator` */
  actor: z.string(),
  /** `noun.verb` */
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  previousHash: sha256Hex,
  hash: sha256Hex,
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** Every given field must be equal. */
export const auditQuery = pageQuery.extend({
  actor: z.string().min(1).max(255).optional(),
  action: z.string().min(1).max(255).optional(),
  subject: z.string().min(1).max(255).optional(),
});

/** `brokenAt` is the sequence of the first entry that does not follow from the one before. */
export const auditVerificationSchema = z.object({ intact: z.boolean(), entries: z.int().min(0), headHash: sha256Hex, brokenAt: z.int().min(1).nullable() });
export type AuditVerification = z.infer<typeof auditVerificationSchema>;
