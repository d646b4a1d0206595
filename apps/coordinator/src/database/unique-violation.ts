import { Prisma } from './generated/client.js';

/** Whether a write failed because a row with this key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}
