import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FleetError } from '@seedfleet/errors';
import { z } from 'zod';
import { isMissing } from '../terminal/is-missing.js';
import { type Surroundings } from '../terminal/surroundings.js';

/** Where the coordinator is, and the operator token that it knows us by. */
export interface Session { url: string; token: string }

const sessionSchema = z.strictObject({ url: z.url({ protocol: /^https?$/ }), token: z.string().min(1) });

type Place = Pick<Surroundings, 'env' | 'homeFolder'>;

/** `seedfleet/session.json` in XDG_CONFIG_HOME, which is ~/.config where nothing is said (XDG Base Directory Specification 0.8). */
export function sessionPath({ env, homeFolder }: Place): string {
  const configured = env['XDG_CONFIG_HOME'];
  return join(configured?.startsWith('/') ? configured : join(homeFolder, '.config'), 'seedfleet', 'session.json');
}

/** Saves the session for its owner only: the file has mode 0600 from its first byte on. */
export async function saveSession(place: Place, session: Session): Promise<string> {
  const path = sessionPath(place);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.new`;
  await writeFile(unfinished, `${JSON.stringify(session, null, 2)}\n`, { mode: 0o600 });
  await chmod(unfinished, 0o600);
  await rename(unfinished, path);
  return path;
}

/**
 * The session of this command: SEEDFLEET_URL and SEEDFLEET_TOKEN before the saved one. A saved token goes to the saved url only.
 * @throws FleetError `login.missing`, `login.unreadable`
 */
export async function readSession(place: Place): Promise<Session> {
  const url = place.env['SEEDFLEET_URL'];
  const token = place.env['SEEDFLEET_TOKEN'];
  if (url && token) return parseUrl({ url, token });
  const saved = await savedSession(place);
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

const withoutEnd = (url: string) => url.replace(/\/+$/, '');

async function savedSession(place: Place): Promise<Session | null> {
  const path = sessionPath(place);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw new FleetError('login.unreadable', { field: path, problem: 'The saved session cannot be read.', cause });
  }
  try {
    return sessionSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new FleetError('login.unreadable', { field: path, problem: 'The saved session is damaged.', cause });
  }
}
