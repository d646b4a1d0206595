import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { FleetError } from '@seedfleet/errors';

/** The folder of the door in a home, and the socket in it. */
export const doorOf = (home: string) => join(home, 'backup-door');
export const socketOf = (home: string) => join(doorOf(home), 'socket');

/** What comes out of the door: one line of JSON, then the end. */
export type DoorAnswer = { copy: string } | { refused: string };

/**
 * Asks the coordinator that runs on a home for a copy of its database.
 * @returns the copy and how to be rid of it; null if there is no door: nobody runs there, or its path is too long
 * @throws FleetError `home.in-use`
 */
export async function askForCopy(home: string): Promise<{ directory: string; remove(): Promise<void> } | null> {
  const socket = connect(socketOf(home));
  const said = await text(socket).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'EINVAL') return null;
    throw error;
  });
  if (said === null) return null;
  const given = JSON.parse(said === '' ? '{"refused":"The coordinator ended."}' : said) as DoorAnswer;
  if ('refused' in given) throw new FleetError('home.in-use', { problem: `The coordinator on ${home} gave no copy of its database: ${given.refused}` });
  return { directory: given.copy, remove: () => rm(given.copy, { recursive: true, force: true }) };
}
