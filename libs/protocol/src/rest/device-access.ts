import { z } from 'zod';
import { deviceState } from './devices.js';
import { displayName, instant, opaqueId, publicKeyHex, signatureHex } from './fields.js';

/** First bytes of what a device signs to enrol: `enrolmentContext ‖ token in UTF-8 ‖ public key (32)`. */
export const enrolmentContext = 'seedfleet/enrol/v1';
/** First bytes of what a device signs for a credential: `credentialContext ‖ challenge (32)`. */
export const credentialContext = 'seedfleet/credential/v1';
/** First bytes of what a device signs, with its old key and with its new one, to change its key: `rotationContext ‖ device id in UTF-8 ‖ new public key (32)`. */
export const rotationContext = 'seedfleet/rotate/v1';

export const enrolmentRequest = z.strictObject({
  token: z.string().min(1).max(255),
  name: displayName,
  publicKey: publicKeyHex,
  /** by the private key of `publicKey`, over the enrolment context, the token and the public key */
  proof: signatureHex,
});
export type EnrolmentRequest = z.input<typeof enrolmentRequest>;

export const enrolmentSchema = z.object({
  device: opaqueId,
  state: deviceState,
  /** signs every manifest and commit that this device will accept */
  coordinatorKey: publicKeyHex,
  /** how operators see this device: its old name if it came back; older coordinators do not say */
  name: z.string().optional(),
});
export type Enrolment = z.infer<typeof enrolmentSchema>;

/** A new key for a device: signed by the key that it has (`signature`) and by the new one (`proof`). Sent again after the change, it is answered as before. */
export const keyChangeRequest = z.strictObject({ device: opaqueId, publicKey: publicKeyHex, signature: signatureHex, proof: signatureHex });
export type KeyChangeRequest = z.input<typeof keyChangeRequest>;

export const challengeRequest = z.strictObject({ device: opaqueId });
/** 32 random bytes, good for one credential and a short time. */
export const challengeSchema = z.object({ challenge: z.string().regex(/^[0-9a-f]{64}$/) });
export type Challenge = z.infer<typeof challengeSchema>;

export const credentialRequest = z.strictObject({
  device: opaqueId,
  challenge: z.string().regex(/^[0-9a-f]{64}$/),
  signature: signatureHex,
});
export type CredentialRequest = z.input<typeof credentialRequest>;

export const credentialSchema = z.object({
  /** JSON Web Token, for `auth.credential` of the socket and the Authorization header */
  credential: z.string(),
  expiresAt: instant,
  coordinatorKey: publicKeyHex,
});
export type Credential = z.infer<typeof credentialSchema>;
