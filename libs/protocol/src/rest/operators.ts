import { z } from 'zod';

/** What an operator may do: a viewer reads, an operator works with devices, models and runs, an admin may do everything. */
export const operatorRoles = ['viewer', 'operator', 'admin'] as const;
export const operatorRole = z.enum(operatorRoles);
export type OperatorRole = z.infer<typeof operatorRole>;

/** Who the token of the request belongs to. */
export const whoamiSchema = z.object({ name: z.string(), role: operatorRole });
export type Whoami = z.infer<typeof whoamiSchema>;
