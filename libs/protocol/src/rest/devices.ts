import { z } from 'zod';
import { instant, opaqueId, pageQuery } from './fields.js';

export const deviceStates = ['pending', 'active', 'suspended', 'revoked'] as const;
export const deviceState = z.enum(deviceStates);
export type DeviceState = z.infer<typeof deviceState>;

/** What an operator may do to a device: the last part of POST /devices/:id/... */
export const deviceActions = ['approve', 'suspend', 'resume', 'revoke'] as const;

export const deviceQuery = pageQuery.extend({ state: deviceState.optional() });

export const deviceSchema = z.object({
  id: opaqueId,
  name: z.string(),
  state: deviceState,
  /** whether an authenticated socket of it is open now */
  online: z.boolean(),
  /** of its public key, as the device prints it when it enrols */
  fingerprint: z.string(),
  workerVersion: z.string().nullable(),
  platform: z.string().nullable(),
  lastSeenAt: instant.nullable(),
  enrolledAt: instant,
});
export type Device = z.infer<typeof deviceSchema>;
