import { z } from 'zod';
import { filterText } from '../filter/filter-text.js';
import { groupFilterFields } from './devices.js';
import { displayName, instant, opaqueId } from './fields.js';

const groupFilter = filterText(groupFilterFields);

/** With a filter a group is dynamic: whoever it means is in it, now and later. Without one it holds the devices that are put into it. */
export const groupRequest = z.strictObject({ name: displayName, filter: groupFilter.nullable().default(null) });
export type GroupRequest = z.input<typeof groupRequest>;

export const groupSchema = z.object({
  id: opaqueId,
  name: z.string(),
  filter: z.string().nullable(),
  /** devices in it now */
  count: z.int().min(0),
  online: z.int().min(0),
  createdAt: instant,
  /** counts the changes: what the ETag of the group is made of */
  revision: z.int().min(1),
});
export type Group = z.infer<typeof groupSchema>;

export const membersRequest = z.strictObject({ devices: z.array(opaqueId).min(1).max(10_000) });
