import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { z } from 'zod';
import { isMissing } from '../terminal/is-missing.js';
import { type Surroundings } from '../terminal/surroundings.js';

/** Where a coordinator is, and the operator token that it knows us by. */
export interface Session { url: string; token: string }

/** The saved logins, each under a name, and which of them is used where nothing is said. */
export interface SavedSessions { current: string | null; contexts: Record<string, Session> }

/** Name of the login of those who have but one. */
export const firstContext = 'default';

const sessionSchema = z.strictObject({ url: z.url({ protocol: /^https?$/ }), token: z.string().min(1) });
/** Before there were names, the file held the one login. */
const savedSchema = z.union([
  z.strictObject({ current: z.string().nullable(), contexts: z.record(z.string(), sessionSchema) }),
  sessionSchema.transform((session): SavedSessions => ({ current: firstContext, contexts: { [firstContext]: session } })),
]);

type Place = Pick<Surroundings, 'env' | 'homeFolder'>;

/** `seedfleet/session.json` in XDG_CONFIG_HOME, which is ~/.config where nothing is said (XDG Base Directory Specification 0.8). */
export function sessionPath({ env, homeFolder }: Place): string {
  const configured = env['XDG_CONFIG_HOME'];
  return join(configured?.startsWith('/') ? configured : join(homeFolder, '.config'), 'seedfleet', 'session.json');
}

/** Saves the logins for their owner only: the file has mode 0600 from its first byte on. */
export async function saveSessions(place: Place, sessions: SavedSessions): Promise<string> {
  const path = sessionPath(place);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.new`;
  await writeFile(unfinished, `${JSON.stringify(sessions, null, 2)}\n`, { mode: 0o600 });
  await chmod(unfinished, 0o600);
  await rename(unfinished, path);
  return path;
}

/** @throws FleetError `login.unreadable` */
export async function readSessions(place: Place): Promise<SavedSessions> {
  const path = sessionPath(place);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return { current: null, contexts: {} };
    throw new FleetError('login.unreadable', { field: path, problem: 'The saved session cannot be read.', cause });
  }
  try {
    return savedSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new FleetError('login.unreadable', { field: path, problem: 'The saved session is damaged.', cause });
  }
}

/**
 * The session of this command: SEEDFLEET_URL and SEEDFLEET_TOKEN before a saved one. A saved token goes to the url that it was saved with only.
 * @param context name of the saved login; without it SEEDFLEET_CONTEXT says which, or the current one is used
 * @throws FleetError `login.missing`, `login.unreadable`, `context.unknown`
 */
export async function readSession(place: Place, context?: string): Promise<Session> {
  const url = place.env['SEEDFLEET_URL'];
  const token = place.env['SEEDFLEET_TOKEN'];
  if (context === undefined && url && token) return parseUrl({ url, token });
  const saved = await savedSession(place, context ?? place.env['SEEDFLEET_CONTEXT']);
  if (context !== undefined && saved) return saved;
  if (token) {
    if (!saved) throw new FleetError('login.missing', { field: 'SEEDFLEET_URL', problem: 'SEEDFLEET_TOKEN is set, but no coordinator is known.' });
    return { url: saved.url, token };
  }
  if (!saved) throw new FleetError('login.missing', { problem: 'You are not logged in to a coordinator.' });
  if (url && withoutEnd(url) !== withoutEnd(saved.url)) {
    throw new FleetError('login.missing', { field: 'SEEDFLEET_TOKEN', problem: `SEEDFLEET_URL names ${url}, but the saved token belongs to ${saved.url} and goes nowhere else.` });
  }
  return saved;
}

/** @throws FleetError `command.invalid` */
export function parseUrl(session: Session): Session {
  const parsed = sessionSchema.safeParse(session);
  if (!parsed.success) throw new FleetError('command.invalid', { field: 'url', problem: 'The address of the coordinator must be an http or https URL.', fix: 'Write it like http://127.0.0.1:7337.' });
  return { ...parsed.data, url: withoutEnd(parsed.data.url) };
}

/** @throws FleetError `context.unknown` */
export function requireContext({ contexts }: SavedSessions, name: string): Session {
  const session = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (!session) throw new FleetError('context.unknown', { field: 'context', problem: `No login is saved under the name "${name}"; saved are: ${Object.keys(contexts).join(', ') || 'none'}.` });
  return session;
}

const withoutEnd = (url: string) => url.replace(/\/+$/, '');

async function savedSession(place: Place, context: string | undefined): Promise<Session | null> {
  const saved = await readSessions(place);
  const name = context ?? saved.current;
  return name === null ? null : requireContext(saved, name);
}
